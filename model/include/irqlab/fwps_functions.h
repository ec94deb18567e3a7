/* WFP, kernel side: the functions. Documented under fwpsk/nf-*. */
#pragma once

#include <irqlab/fwps_types.h>

/* Callouts */
NTSTATUS FwpsCalloutRegister0(VOID *deviceObject, const FWPS_CALLOUT0 *callout, UINT32 *calloutId);
NTSTATUS FwpsCalloutRegister1(VOID *deviceObject, const FWPS_CALLOUT1 *callout, UINT32 *calloutId);
NTSTATUS FwpsCalloutRegister2(VOID *deviceObject, const FWPS_CALLOUT2 *callout, UINT32 *calloutId);
NTSTATUS FwpsCalloutRegister3(VOID *deviceObject, const FWPS_CALLOUT3 *callout, UINT32 *calloutId);
NTSTATUS FwpsCalloutUnregisterById0(const UINT32 calloutId);
NTSTATUS FwpsCalloutUnregisterByKey0(const GUID *calloutKey);

/* Pending an operation at the ALE layers, and a classify at the connect and bind layers */
NTSTATUS FwpsPendOperation0(HANDLE completionHandle, HANDLE *completionContext);
VOID FwpsCompleteOperation0(HANDLE completionContext, NET_BUFFER_LIST *netBufferList);
NTSTATUS FwpsAcquireClassifyHandle0(VOID *classifyContext, UINT32 flags, UINT64 *classifyHandle);
VOID FwpsReleaseClassifyHandle0(UINT64 classifyHandle);
NTSTATUS FwpsPendClassify0(UINT64 classifyHandle, UINT64 filterId, UINT32 flags, FWPS_CLASSIFY_OUT0 *classifyOut);
VOID FwpsCompleteClassify0(UINT64 classifyHandle, UINT32 flags, const FWPS_CLASSIFY_OUT0 *classifyOut);
NTSTATUS FwpsAcquireWritableLayerDataPointer0(UINT64 classifyHandle, UINT64 filterId, UINT32 flags, PVOID *writableLayerData,
                                              FWPS_CLASSIFY_OUT0 *classifyOut);
VOID FwpsApplyModifiedLayerData0(UINT64 classifyHandle, PVOID modifiedLayerData, UINT32 flags);
#define FWPS_CLASSIFY_FLAG_REAUTHORIZE_IF_MODIFIED_BY_OTHERS 0x00000001

/* Flows */
NTSTATUS FwpsFlowAssociateContext0(UINT64 flowId, UINT16 layerId, UINT32 calloutId, UINT64 flowContext);
NTSTATUS FwpsFlowRemoveContext0(UINT64 flowId, UINT16 layerId, UINT32 calloutId);
NTSTATUS FwpsFlowAbort0(UINT64 flowId);

/* Streams */
NTSTATUS FwpsCloneStreamData0(FWPS_STREAM_DATA0 *calloutStreamData, NDIS_HANDLE netBufferListPoolHandle, NDIS_HANDLE netBufferPoolHandle,
                              ULONG allocateCloneFlags, NET_BUFFER_LIST **netBufferListChain);
VOID FwpsDiscardClonedStreamData0(NET_BUFFER_LIST *netBufferListChain, ULONG allocateCloneFlags, BOOLEAN dispatchLevel);
VOID FwpsCopyStreamDataToBuffer0(const FWPS_STREAM_DATA0 *calloutStreamData, PVOID buffer, SIZE_T bytesToCopy, SIZE_T *bytesCopied);
NTSTATUS FwpsStreamInjectAsync0(HANDLE injectionHandle, HANDLE injectionContext, UINT32 flags, UINT64 flowId, UINT32 calloutId,
                                UINT16 layerId, UINT32 streamFlags, NET_BUFFER_LIST *netBufferList, SIZE_T dataLength,
                                FWPS_INJECT_COMPLETE0 completionFn, HANDLE completionContext);
NTSTATUS FwpsStreamContinue0(UINT64 flowId, UINT32 calloutId, UINT16 layerId, UINT32 streamFlags);

/* Injection */
NTSTATUS FwpsInjectionHandleCreate0(ADDRESS_FAMILY addressFamily, UINT32 flags, HANDLE *injectionHandle);
NTSTATUS FwpsInjectionHandleDestroy0(HANDLE injectionHandle);
FWPS_PACKET_INJECTION_STATE FwpsQueryPacketInjectionState0(HANDLE injectionHandle, const NET_BUFFER_LIST *netBufferList,
                                                           HANDLE *injectionContext);
NTSTATUS FwpsInjectNetworkSendAsync0(HANDLE injectionHandle, HANDLE injectionContext, UINT32 flags, COMPARTMENT_ID compartmentId,
                                     NET_BUFFER_LIST *netBufferList, FWPS_INJECT_COMPLETE0 completionFn, HANDLE completionContext);
NTSTATUS FwpsInjectNetworkReceiveAsync0(HANDLE injectionHandle, HANDLE injectionContext, UINT32 flags, COMPARTMENT_ID compartmentId,
                                        IF_INDEX interfaceIndex, IF_INDEX subInterfaceIndex, NET_BUFFER_LIST *netBufferList,
                                        FWPS_INJECT_COMPLETE0 completionFn, HANDLE completionContext);
NTSTATUS FwpsInjectForwardAsync0(HANDLE injectionHandle, HANDLE injectionContext, UINT32 flags, ADDRESS_FAMILY addressFamily,
                                 COMPARTMENT_ID compartmentId, IF_INDEX interfaceIndex, NET_BUFFER_LIST *netBufferList,
                                 FWPS_INJECT_COMPLETE0 completionFn, HANDLE completionContext);
NTSTATUS FwpsInjectTransportSendAsync0(HANDLE injectionHandle, HANDLE injectionContext, UINT64 endpointHandle, UINT32 flags,
                                       FWPS_TRANSPORT_SEND_PARAMS0 *sendArgs, ADDRESS_FAMILY addressFamily, COMPARTMENT_ID compartmentId,
                                       NET_BUFFER_LIST *netBufferList, FWPS_INJECT_COMPLETE0 completionFn, HANDLE completionContext);
NTSTATUS FwpsInjectTransportSendAsync1(HANDLE injectionHandle, HANDLE injectionContext, UINT64 endpointHandle, UINT32 flags,
                                       FWPS_TRANSPORT_SEND_PARAMS1 *sendArgs, ADDRESS_FAMILY addressFamily, COMPARTMENT_ID compartmentId,
                                       NET_BUFFER_LIST *netBufferList, FWPS_INJECT_COMPLETE0 completionFn, HANDLE completionContext);
NTSTATUS FwpsInjectTransportReceiveAsync0(HANDLE injectionHandle, HANDLE injectionContext, PVOID reserved, UINT32 flags,
                                          ADDRESS_FAMILY addressFamily, COMPARTMENT_ID compartmentId, IF_INDEX interfaceIndex,
                                          IF_INDEX subInterfaceIndex, NET_BUFFER_LIST *netBufferList, FWPS_INJECT_COMPLETE0 completionFn,
                                          HANDLE completionContext);
NTSTATUS FwpsInjectMacSendAsync0(HANDLE injectionHandle, HANDLE injectionContext, UINT32 flags, UINT16 layerId, IF_INDEX interfaceIndex,
                                 NDIS_PORT_NUMBER NdisPortNumber, NET_BUFFER_LIST *netBufferLists, FWPS_INJECT_COMPLETE0 completionFn,
                                 HANDLE completionContext);
NTSTATUS FwpsInjectMacReceiveAsync0(HANDLE injectionHandle, HANDLE injectionContext, UINT32 flags, UINT16 layerId, IF_INDEX interfaceIndex,
                                    NDIS_PORT_NUMBER NdisPortNumber, NET_BUFFER_LIST *netBufferLists, FWPS_INJECT_COMPLETE0 completionFn,
                                    HANDLE completionContext);
NTSTATUS FwpsConstructIpHeaderForTransportPacket0(NET_BUFFER_LIST *netBufferList, ULONG headerIncludeHeaderLength,
                                                  ADDRESS_FAMILY addressFamily, const UCHAR *sourceAddress, const UCHAR *remoteAddress,
                                                  IPPROTO nextProtocol, UINT64 endpointHandle, const WSACMSGHDR *controlData,
                                                  ULONG controlDataLength, UINT32 flags, PVOID reserved, IF_INDEX interfaceIndex,
                                                  IF_INDEX subInterfaceIndex);

/* Net buffer lists */
NTSTATUS FwpsAllocateNetBufferAndNetBufferList0(NDIS_HANDLE poolHandle, USHORT contextSize, USHORT contextBackFill, MDL *mdlChain,
                                                ULONG dataOffset, SIZE_T dataLength, NET_BUFFER_LIST **netBufferList);
VOID FwpsFreeNetBufferList0(NET_BUFFER_LIST *netBufferList);
NTSTATUS FwpsAllocateCloneNetBufferList0(NET_BUFFER_LIST *originalNetBufferList, NDIS_HANDLE netBufferListPoolHandle,
                                         NDIS_HANDLE netBufferPoolHandle, ULONG allocateCloneFlags, NET_BUFFER_LIST **netBufferList);
VOID FwpsFreeCloneNetBufferList0(NET_BUFFER_LIST *netBufferList, ULONG freeCloneFlags);
VOID FwpsReferenceNetBufferList0(NET_BUFFER_LIST *netBufferList, BOOLEAN intendToModify);
VOID FwpsDereferenceNetBufferList0(NET_BUFFER_LIST *netBufferList, BOOLEAN dispatchLevel);
NTSTATUS FwpsNetBufferListAssociateContext0(NET_BUFFER_LIST *netBufferList, UINT16 layerId, UINT64 context, UINT64 contextTag,
                                            const GUID *providerGuid, VOID *deviceObject, FWPS_NET_BUFFER_LIST_NOTIFY_FN0 notifyFn,
                                            UINT32 flags);
NTSTATUS FwpsNetBufferListRetrieveContext0(NET_BUFFER_LIST *netBufferList, UINT64 contextTag, BOOLEAN removeContext, UINT32 flags,
                                           UINT64 *context);
NTSTATUS FwpsNetBufferListRemoveContext0(NET_BUFFER_LIST *netBufferList, UINT64 contextTag, UINT32 flags);
UINT64 FwpsNetBufferListGetTagForContext0(VOID);
NTSTATUS FwpsGetPacketListSecurityInformation0(NET_BUFFER_LIST *packetList, UINT32 queryFlags,
                                               FWPS_PACKET_LIST_INFORMATION0 *packetInformation);

/* Redirection */
NTSTATUS FwpsRedirectHandleCreate0(const GUID *providerGuid, UINT32 flags, HANDLE *redirectHandle);
VOID FwpsRedirectHandleDestroy0(HANDLE redirectHandle);
FWPS_CONNECTION_REDIRECT_STATE FwpsQueryConnectionRedirectState0(HANDLE redirectRecords, HANDLE redirectHandle, VOID **redirectContext);
NTSTATUS FwpsQueryConnectionSioFormatRedirectRecords0(HANDLE RedirectRecords, VOID *OutputBuffer, SIZE_T OutputBufferLength,
                                                      SIZE_T *BytesTransferred);

/* ALE endpoints */
NTSTATUS FwpsAleEndpointCreateEnumHandle0(HANDLE engineHandle, const FWPS_ALE_ENDPOINT_ENUM_TEMPLATE0 *enumTemplate, HANDLE *enumHandle);
NTSTATUS FwpsAleEndpointEnum0(HANDLE engineHandle, HANDLE enumHandle, UINT32 numEntriesRequested, FWPS_ALE_ENDPOINT_PROPERTIES0 ***entries,
                              UINT32 *numEntriesReturned);
NTSTATUS FwpsAleEndpointDestroyEnumHandle0(HANDLE engineHandle, HANDLE enumHandle);
NTSTATUS FwpsAleEndpointGetById0(HANDLE engineHandle, UINT64 endpointId, FWPS_ALE_ENDPOINT_PROPERTIES0 **properties);
NTSTATUS FwpsOpenToken0(HANDLE engineHandle, LUID modifiedId, DWORD desiredAccess, HANDLE *accessToken);
NTSTATUS FwpsClassifyOptionSet0(const FWPS_INCOMING_METADATA_VALUES0 *inMetadataValues, FWP_CLASSIFY_OPTION_TYPE option,
                                FWP_VALUE0 *newValue);
