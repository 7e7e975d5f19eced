/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * queue-form.h - the form that queues a job: its fields, and the request for
 * the daemon that they make.
 */
#ifndef XB_QUEUE_FORM_H
#define XB_QUEUE_FORM_H

#include "page.h"

/* The fields that are there once; ends with NULL. */
extern const char *const xb_queue_fields[];

/* An A/B's variants after the test side, each with fields of its own. */
typedef struct {
	const char *rev, *name, *patch, *kconfig;
} XbQueueVariant;
#define XB_QUEUE_FURTHER 4
extern const XbQueueVariant xb_queue_further[XB_QUEUE_FURTHER];

/*
 * The request that the form makes, a new reference: @verb is bisect, ab or
 * measure, or check. NULL with @problem (static) when it makes none. What is
 * asked for is the daemon's to check.
 */
json_t *xb_queue_form_request(const XbWebRequest *request, const char *verb, const char **problem);

#endif
