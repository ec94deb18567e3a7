/* <fwpsk.h>: the kernel side of the Windows Filtering Platform: callouts, layers and their fields, pending,
 * flows, streams, injection. Documented under fwpsk/. */
#pragma once

#include <fwpstypes.h>
#include <irqlab/fwps_fields_ale.h>
#include <irqlab/fwps_fields_other.h>
#include <irqlab/fwps_fields_packet.h>
#include <irqlab/fwps_functions.h>
#include <irqlab/fwps_layers.h>
#include <irqlab/fwps_types.h>
#include <irqlab/fwps_unversioned.h>
#include <ndis.h>
#include <ws2def.h>
#include <ws2ipdef.h>
