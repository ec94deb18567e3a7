/* <ndis.h> for NDIS 6: the data path that WFP callouts and filters use: NET_BUFFER and NET_BUFFER_LIST, their
 * pools and accessors. Documented under nbl/, nblinfo/, nblaccessors/, ndis/. */
#pragma once

#include <ntddk.h>
#include <irqlab/ndis_buffers.h>
#include <irqlab/ndis_functions.h>
#include <irqlab/ndis_types.h>
