/* Injection handles. W-INJ-2, W-INJ-3, W-CO-6. */
#include "wfp.h"

#include "../io/io_face.h"
#include "../model.h"
#include "../ndis/net_buffer.h"

#define TYPES_ALL                                                                                                                          \
  (FWPS_INJECTION_TYPE_STREAM | FWPS_INJECTION_TYPE_TRANSPORT | FWPS_INJECTION_TYPE_NETWORK | FWPS_INJECTION_TYPE_FORWARD |                \
   FWPS_INJECTION_TYPE_L2 | FWPS_INJECTION_TYPE_VSWITCH_TRANSPORT)
#define TYPES_DEFAULT (FWPS_INJECTION_TYPE_TRANSPORT | FWPS_INJECTION_TYPE_STREAM | FWPS_INJECTION_TYPE_FORWARD)

WfpInjectionHandle *wfp_injection_handle_at(HANDLE handle) {
  Object *object = handle != NULL ? object_find((uint64_t)handle, OBJECT_FWPS_INJECTION_HANDLE) : NULL;
  return object != NULL ? object->body : NULL;
}

/* fwpsk/nf-fwpsk-fwpsinjectionhandlecreate0 */
NTSTATUS FwpsInjectionHandleCreate0(ADDRESS_FAMILY addressFamily, UINT32 flags, HANDLE *injectionHandle) {
  if (flags & ~(UINT32)TYPES_ALL)
    return STATUS_FWP_INVALID_PARAMETER;
  if ((flags & FWPS_INJECTION_TYPE_NETWORK) && addressFamily != AF_INET && addressFamily != AF_INET6)
    return STATUS_FWP_INVALID_PARAMETER;
  Object *object = object_create_opaque(OBJECT_FWPS_INJECTION_HANDLE, sizeof(WfpInjectionHandle));
  WfpInjectionHandle *handle = object->body;
  handle->object = object;
  object->driver = io_driver_current();
  handle->family = addressFamily;
  handle->flags = flags != 0 ? flags : (uint32_t)TYPES_DEFAULT;
  sim_list_push_tail(&wfp_state()->injection_handles, &handle->link);
  *injectionHandle = (HANDLE)object->address;
  return STATUS_SUCCESS;
}

/* fwpsk/nf-fwpsk-fwpsinjectionhandledestroy0: waits for what was injected and is not completed. */
NTSTATUS FwpsInjectionHandleDestroy0(HANDLE injectionHandle) {
  WfpInjectionHandle *handle = wfp_injection_handle_at(injectionHandle);
  if (handle == NULL)
    return STATUS_FWP_INJECT_HANDLE_STALE;
  if (handle->is_closing)
    return STATUS_FWP_INJECT_HANDLE_CLOSING;
  handle->is_closing = true;
  handle->idle = ke_event_create("the end of injections", true, false);
  while (handle->pending > 0) {
    ke_event_reset(handle->idle);
    ke_wait_one(handle->idle, false, KE_WAIT_FOREVER);
  }
  ke_dispatcher_delete(handle->idle);
  sim_list_remove(&handle->link);
  object_delete(handle->object);
  return STATUS_SUCCESS;
}

void wfp_injection_done(WfpInjectionHandle *handle) {
  if (--handle->pending == 0 && handle->is_closing)
    ke_event_set(handle->idle, 0);
}

/* fwpsk/nf-fwpsk-fwpsquerypacketinjectionstate0. Simplified: packets are not injected in this stack, only streams, which are shown to
 * others only. */
FWPS_PACKET_INJECTION_STATE FwpsQueryPacketInjectionState0(HANDLE injectionHandle, const NET_BUFFER_LIST *netBufferList,
                                                           HANDLE *injectionContext) {
  (void)injectionHandle, (void)injectionContext;
  const NdisNetBufferList *state = ndis_list_at(netBufferList);
  return state != NULL && state->is_injected ? FWPS_PACKET_INJECTED_BY_OTHER : FWPS_PACKET_NOT_INJECTED;
}
