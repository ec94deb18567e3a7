/*
 * The layers as a table: name, run-time identifier, what may be done there, fields in order. fwpsk/ne-fwpsk-fwps_builtin_layers,
 * network/metadata-fields-at-each-filtering-layer, win32 fwp/management-filtering-layer-identifiers-.
 */
#include "wfp_face.h"

#include "../ddi/ddi.h"

/* ---- the fields of a layer, each followed by a blank; the two versions of IP and the discard layers share them ---- */

#define FIELDS_INBOUND_IPPACKET                                                                                                            \
  "IP_LOCAL_ADDRESS IP_REMOTE_ADDRESS IP_LOCAL_ADDRESS_TYPE IP_LOCAL_INTERFACE INTERFACE_INDEX "                                           \
  "SUB_INTERFACE_INDEX FLAGS INTERFACE_TYPE TUNNEL_TYPE COMPARTMENT_ID "
#define FIELDS_OUTBOUND_IPPACKET                                                                                                           \
  "IP_LOCAL_ADDRESS IP_LOCAL_ADDRESS_TYPE IP_REMOTE_ADDRESS IP_LOCAL_INTERFACE INTERFACE_INDEX "                                           \
  "SUB_INTERFACE_INDEX FLAGS INTERFACE_TYPE TUNNEL_TYPE COMPARTMENT_ID "
#define FIELDS_IPFORWARD                                                                                                                   \
  "IP_SOURCE_ADDRESS IP_DESTINATION_ADDRESS IP_DESTINATION_ADDRESS_TYPE IP_LOCAL_INTERFACE IP_FORWARD_INTERFACE "                          \
  "SOURCE_INTERFACE_INDEX SOURCE_SUB_INTERFACE_INDEX DESTINATION_INTERFACE_INDEX DESTINATION_SUB_INTERFACE_INDEX "                         \
  "FLAGS IP_PHYSICAL_ARRIVAL_INTERFACE ARRIVAL_INTERFACE_PROFILE_ID IP_PHYSICAL_NEXTHOP_INTERFACE "                                        \
  "NEXTHOP_INTERFACE_PROFILE_ID COMPARTMENT_ID "
#define FIELDS_INBOUND_TRANSPORT                                                                                                           \
  "IP_PROTOCOL IP_LOCAL_ADDRESS IP_REMOTE_ADDRESS IP_LOCAL_ADDRESS_TYPE IP_LOCAL_PORT IP_REMOTE_PORT "                                     \
  "IP_LOCAL_INTERFACE INTERFACE_INDEX SUB_INTERFACE_INDEX FLAGS INTERFACE_TYPE TUNNEL_TYPE PROFILE_ID "                                    \
  "IPSEC_SECURITY_REALM_ID COMPARTMENT_ID "
#define FIELDS_OUTBOUND_TRANSPORT                                                                                                          \
  "IP_PROTOCOL IP_LOCAL_ADDRESS IP_LOCAL_ADDRESS_TYPE IP_REMOTE_ADDRESS IP_LOCAL_PORT IP_REMOTE_PORT "                                     \
  "IP_LOCAL_INTERFACE INTERFACE_INDEX SUB_INTERFACE_INDEX IP_DESTINATION_ADDRESS_TYPE FLAGS INTERFACE_TYPE "                               \
  "TUNNEL_TYPE PROFILE_ID IPSEC_SECURITY_REALM_ID COMPARTMENT_ID "
#define FIELDS_STREAM                                                                                                                      \
  "IP_LOCAL_ADDRESS IP_LOCAL_ADDRESS_TYPE IP_REMOTE_ADDRESS IP_LOCAL_PORT IP_REMOTE_PORT DIRECTION FLAGS "                                 \
  "COMPARTMENT_ID "
#define FIELDS_DATAGRAM_DATA                                                                                                               \
  "IP_PROTOCOL IP_LOCAL_ADDRESS IP_REMOTE_ADDRESS IP_LOCAL_ADDRESS_TYPE IP_LOCAL_PORT IP_REMOTE_PORT "                                     \
  "IP_LOCAL_INTERFACE INTERFACE_INDEX SUB_INTERFACE_INDEX DIRECTION FLAGS INTERFACE_TYPE TUNNEL_TYPE "                                     \
  "COMPARTMENT_ID "
#define FIELDS_INBOUND_ICMP_ERROR                                                                                                          \
  "EMBEDDED_PROTOCOL IP_LOCAL_ADDRESS IP_REMOTE_ADDRESS EMBEDDED_REMOTE_ADDRESS EMBEDDED_LOCAL_ADDRESS_TYPE "                              \
  "EMBEDDED_LOCAL_PORT EMBEDDED_REMOTE_PORT IP_LOCAL_INTERFACE ICMP_TYPE ICMP_CODE INTERFACE_INDEX "                                       \
  "SUB_INTERFACE_INDEX INTERFACE_TYPE TUNNEL_TYPE IP_ARRIVAL_INTERFACE ARRIVAL_INTERFACE_INDEX "                                           \
  "ARRIVAL_INTERFACE_TYPE ARRIVAL_TUNNEL_TYPE FLAGS ARRIVAL_INTERFACE_PROFILE_ID INTERFACE_QUARANTINE_EPOCH "                              \
  "COMPARTMENT_ID "
#define FIELDS_OUTBOUND_ICMP_ERROR                                                                                                         \
  "IP_LOCAL_ADDRESS IP_REMOTE_ADDRESS IP_LOCAL_ADDRESS_TYPE IP_LOCAL_INTERFACE ICMP_TYPE ICMP_CODE "                                       \
  "INTERFACE_INDEX SUB_INTERFACE_INDEX INTERFACE_TYPE TUNNEL_TYPE FLAGS NEXTHOP_INTERFACE_PROFILE_ID "                                     \
  "INTERFACE_QUARANTINE_EPOCH COMPARTMENT_ID "
#define FIELDS_OUTBOUND_ICMP_ERROR_V6                                                                                                      \
  "IP_LOCAL_ADDRESS IP_REMOTE_ADDRESS IP_LOCAL_ADDRESS_TYPE IP_LOCAL_INTERFACE IP_LOCAL_PORT IP_REMOTE_PORT "                              \
  "INTERFACE_INDEX SUB_INTERFACE_INDEX INTERFACE_TYPE TUNNEL_TYPE FLAGS NEXTHOP_INTERFACE_PROFILE_ID "                                     \
  "INTERFACE_QUARANTINE_EPOCH COMPARTMENT_ID "
#define FIELDS_ALE_RESOURCE_ASSIGNMENT                                                                                                     \
  "ALE_APP_ID ALE_USER_ID IP_LOCAL_ADDRESS IP_LOCAL_ADDRESS_TYPE IP_LOCAL_PORT IP_PROTOCOL ALE_PROMISCUOUS_MODE "                          \
  "IP_LOCAL_INTERFACE FLAGS INTERFACE_TYPE TUNNEL_TYPE LOCAL_INTERFACE_PROFILE_ID SIO_FIREWALL_SOCKET_PROPERTY "                           \
  "ALE_PACKAGE_ID ALE_SECURITY_ATTRIBUTE_FQBN_VALUE COMPARTMENT_ID BITMAP_IP_LOCAL_ADDRESS BITMAP_IP_LOCAL_PORT "
#define FIELDS_ALE_AUTH_LISTEN                                                                                                             \
  "ALE_APP_ID ALE_USER_ID IP_LOCAL_ADDRESS IP_LOCAL_ADDRESS_TYPE IP_LOCAL_PORT IP_LOCAL_INTERFACE FLAGS "                                  \
  "INTERFACE_TYPE TUNNEL_TYPE LOCAL_INTERFACE_PROFILE_ID SIO_FIREWALL_SOCKET_PROPERTY ALE_PACKAGE_ID "                                     \
  "ALE_SECURITY_ATTRIBUTE_FQBN_VALUE COMPARTMENT_ID "
#define FIELDS_ALE_AUTH_RECV_ACCEPT                                                                                                        \
  "ALE_APP_ID ALE_USER_ID IP_LOCAL_ADDRESS IP_LOCAL_ADDRESS_TYPE IP_LOCAL_PORT IP_PROTOCOL IP_REMOTE_ADDRESS "                             \
  "IP_REMOTE_PORT ALE_REMOTE_USER_ID ALE_REMOTE_MACHINE_ID IP_LOCAL_INTERFACE FLAGS SIO_FIREWALL_SYSTEM_PORT "                             \
  "NAP_CONTEXT INTERFACE_TYPE TUNNEL_TYPE INTERFACE_INDEX SUB_INTERFACE_INDEX IP_ARRIVAL_INTERFACE "                                       \
  "ARRIVAL_INTERFACE_TYPE ARRIVAL_TUNNEL_TYPE ARRIVAL_INTERFACE_INDEX NEXTHOP_SUB_INTERFACE_INDEX "                                        \
  "IP_NEXTHOP_INTERFACE NEXTHOP_INTERFACE_TYPE NEXTHOP_TUNNEL_TYPE NEXTHOP_INTERFACE_INDEX ORIGINAL_PROFILE_ID "                           \
  "CURRENT_PROFILE_ID REAUTHORIZE_REASON ORIGINAL_ICMP_TYPE INTERFACE_QUARANTINE_EPOCH ALE_PACKAGE_ID "                                    \
  "ALE_SECURITY_ATTRIBUTE_FQBN_VALUE COMPARTMENT_ID BITMAP_IP_LOCAL_ADDRESS BITMAP_IP_LOCAL_PORT "                                         \
  "BITMAP_IP_REMOTE_ADDRESS BITMAP_IP_REMOTE_PORT "
#define FIELDS_ALE_AUTH_CONNECT                                                                                                            \
  "ALE_APP_ID ALE_USER_ID IP_LOCAL_ADDRESS IP_LOCAL_ADDRESS_TYPE IP_LOCAL_PORT IP_PROTOCOL IP_REMOTE_ADDRESS "                             \
  "IP_REMOTE_PORT ALE_REMOTE_USER_ID ALE_REMOTE_MACHINE_ID IP_DESTINATION_ADDRESS_TYPE IP_LOCAL_INTERFACE FLAGS "                          \
  "INTERFACE_TYPE TUNNEL_TYPE INTERFACE_INDEX SUB_INTERFACE_INDEX IP_ARRIVAL_INTERFACE ARRIVAL_INTERFACE_TYPE "                            \
  "ARRIVAL_TUNNEL_TYPE ARRIVAL_INTERFACE_INDEX NEXTHOP_SUB_INTERFACE_INDEX IP_NEXTHOP_INTERFACE "                                          \
  "NEXTHOP_INTERFACE_TYPE NEXTHOP_TUNNEL_TYPE NEXTHOP_INTERFACE_INDEX ORIGINAL_PROFILE_ID CURRENT_PROFILE_ID "                             \
  "REAUTHORIZE_REASON PEER_NAME ORIGINAL_ICMP_TYPE INTERFACE_QUARANTINE_EPOCH ALE_ORIGINAL_APP_ID ALE_PACKAGE_ID "                         \
  "ALE_SECURITY_ATTRIBUTE_FQBN_VALUE ALE_EFFECTIVE_NAME COMPARTMENT_ID BITMAP_IP_LOCAL_ADDRESS "                                           \
  "BITMAP_IP_LOCAL_PORT BITMAP_IP_REMOTE_ADDRESS BITMAP_IP_REMOTE_PORT "
#define FIELDS_ALE_FLOW_ESTABLISHED                                                                                                        \
  "ALE_APP_ID ALE_USER_ID IP_LOCAL_ADDRESS IP_LOCAL_ADDRESS_TYPE IP_LOCAL_PORT IP_PROTOCOL IP_REMOTE_ADDRESS "                             \
  "IP_REMOTE_PORT ALE_REMOTE_USER_ID ALE_REMOTE_MACHINE_ID IP_DESTINATION_ADDRESS_TYPE IP_LOCAL_INTERFACE "                                \
  "DIRECTION INTERFACE_TYPE TUNNEL_TYPE FLAGS ALE_ORIGINAL_APP_ID ALE_PACKAGE_ID "                                                         \
  "ALE_SECURITY_ATTRIBUTE_FQBN_VALUE COMPARTMENT_ID BITMAP_IP_LOCAL_ADDRESS BITMAP_IP_LOCAL_PORT "                                         \
  "BITMAP_IP_REMOTE_ADDRESS BITMAP_IP_REMOTE_PORT "
#define FIELDS_INBOUND_MAC_FRAME_ETHERNET                                                                                                  \
  "INTERFACE_MAC_ADDRESS MAC_LOCAL_ADDRESS MAC_REMOTE_ADDRESS MAC_LOCAL_ADDRESS_TYPE MAC_REMOTE_ADDRESS_TYPE "                             \
  "ETHER_TYPE VLAN_ID INTERFACE INTERFACE_INDEX NDIS_PORT L2_FLAGS COMPARTMENT_ID "
#define FIELDS_INBOUND_MAC_FRAME_NATIVE                                                                                                    \
  "NDIS_MEDIA_TYPE NDIS_PHYSICAL_MEDIA_TYPE INTERFACE INTERFACE_TYPE INTERFACE_INDEX NDIS_PORT L2_FLAGS "                                  \
  "COMPARTMENT_ID "
#define FIELDS_NAME_RESOLUTION_CACHE "ALE_USER_ID ALE_APP_ID IP_REMOTE_ADDRESS PEER_NAME COMPARTMENT_ID "
#define FIELDS_ALE_RESOURCE_RELEASE                                                                                                        \
  "ALE_APP_ID ALE_USER_ID IP_LOCAL_ADDRESS IP_LOCAL_ADDRESS_TYPE IP_LOCAL_PORT IP_PROTOCOL IP_LOCAL_INTERFACE "                            \
  "FLAGS ALE_PACKAGE_ID ALE_SECURITY_ATTRIBUTE_FQBN_VALUE COMPARTMENT_ID "
#define FIELDS_ALE_ENDPOINT_CLOSURE                                                                                                        \
  "ALE_APP_ID ALE_USER_ID IP_LOCAL_ADDRESS IP_LOCAL_ADDRESS_TYPE IP_LOCAL_PORT IP_PROTOCOL IP_REMOTE_ADDRESS "                             \
  "IP_REMOTE_PORT IP_LOCAL_INTERFACE FLAGS ALE_PACKAGE_ID ALE_SECURITY_ATTRIBUTE_FQBN_VALUE COMPARTMENT_ID "
#define FIELDS_ALE_CONNECT_REDIRECT                                                                                                        \
  "ALE_APP_ID ALE_USER_ID IP_LOCAL_ADDRESS IP_LOCAL_ADDRESS_TYPE IP_LOCAL_PORT IP_PROTOCOL IP_REMOTE_ADDRESS "                             \
  "IP_DESTINATION_ADDRESS_TYPE IP_REMOTE_PORT FLAGS ALE_ORIGINAL_APP_ID ALE_PACKAGE_ID "                                                   \
  "ALE_SECURITY_ATTRIBUTE_FQBN_VALUE COMPARTMENT_ID "
#define FIELDS_ALE_BIND_REDIRECT                                                                                                           \
  "ALE_APP_ID ALE_USER_ID IP_LOCAL_ADDRESS IP_LOCAL_ADDRESS_TYPE IP_LOCAL_PORT IP_PROTOCOL FLAGS ALE_PACKAGE_ID "                          \
  "ALE_SECURITY_ATTRIBUTE_FQBN_VALUE COMPARTMENT_ID "
#define FIELDS_STREAM_PACKET                                                                                                               \
  "IP_LOCAL_ADDRESS IP_REMOTE_ADDRESS IP_LOCAL_PORT IP_REMOTE_PORT IP_LOCAL_INTERFACE INTERFACE_INDEX "                                    \
  "SUB_INTERFACE_INDEX DIRECTION FLAGS INTERFACE_TYPE TUNNEL_TYPE COMPARTMENT_ID "
#define FIELDS_INGRESS_VSWITCH_ETHERNET                                                                                                    \
  "MAC_SOURCE_ADDRESS MAC_SOURCE_ADDRESS_TYPE MAC_DESTINATION_ADDRESS MAC_DESTINATION_ADDRESS_TYPE ETHER_TYPE "                            \
  "VLAN_ID VSWITCH_TENANT_NETWORK_ID VSWITCH_ID VSWITCH_NETWORK_TYPE VSWITCH_SOURCE_INTERFACE_ID "                                         \
  "VSWITCH_SOURCE_INTERFACE_TYPE VSWITCH_SOURCE_VM_ID L2_FLAGS COMPARTMENT_ID "
#define FIELDS_EGRESS_VSWITCH_ETHERNET                                                                                                     \
  "MAC_SOURCE_ADDRESS MAC_SOURCE_ADDRESS_TYPE MAC_DESTINATION_ADDRESS MAC_DESTINATION_ADDRESS_TYPE ETHER_TYPE "                            \
  "VLAN_ID VSWITCH_TENANT_NETWORK_ID VSWITCH_ID VSWITCH_NETWORK_TYPE VSWITCH_SOURCE_INTERFACE_ID "                                         \
  "VSWITCH_SOURCE_INTERFACE_TYPE VSWITCH_SOURCE_VM_ID VSWITCH_DESTINATION_INTERFACE_ID "                                                   \
  "VSWITCH_DESTINATION_INTERFACE_TYPE VSWITCH_DESTINATION_VM_ID L2_FLAGS COMPARTMENT_ID "
#define FIELDS_INGRESS_VSWITCH_TRANSPORT                                                                                                   \
  "IP_SOURCE_ADDRESS IP_DESTINATION_ADDRESS IP_PROTOCOL IP_SOURCE_PORT IP_DESTINATION_PORT VLAN_ID "                                       \
  "VSWITCH_TENANT_NETWORK_ID VSWITCH_ID VSWITCH_NETWORK_TYPE VSWITCH_SOURCE_INTERFACE_ID "                                                 \
  "VSWITCH_SOURCE_INTERFACE_TYPE VSWITCH_SOURCE_VM_ID L2_FLAGS COMPARTMENT_ID "
#define FIELDS_EGRESS_VSWITCH_TRANSPORT                                                                                                    \
  "IP_SOURCE_ADDRESS IP_DESTINATION_ADDRESS IP_PROTOCOL IP_SOURCE_PORT IP_DESTINATION_PORT VLAN_ID "                                       \
  "VSWITCH_TENANT_NETWORK_ID VSWITCH_ID VSWITCH_NETWORK_TYPE VSWITCH_SOURCE_INTERFACE_ID "                                                 \
  "VSWITCH_SOURCE_INTERFACE_TYPE VSWITCH_SOURCE_VM_ID VSWITCH_DESTINATION_INTERFACE_ID "                                                   \
  "VSWITCH_DESTINATION_INTERFACE_TYPE VSWITCH_DESTINATION_VM_ID L2_FLAGS COMPARTMENT_ID "
#define FIELDS_ALE_PRECLASSIFY_IP_LOCAL_ADDRESS "IP_LOCAL_ADDRESS "
#define FIELDS_ALE_PRECLASSIFY_IP_REMOTE_ADDRESS "IP_REMOTE_ADDRESS "
#define FIELDS_ALE_PRECLASSIFY_IP_LOCAL_PORT "IP_LOCAL_PORT "
#define FIELDS_ALE_PRECLASSIFY_IP_REMOTE_PORT "IP_REMOTE_PORT "
#define FIELDS_INBOUND_RESERVED2                                                                                                           \
  "RESERVED0 RESERVED1 RESERVED2 RESERVED3 RESERVED4 RESERVED5 RESERVED6 RESERVED7 RESERVED8 RESERVED9 "                                   \
  "RESERVED10 RESERVED11 RESERVED12 "
#define FIELDS_IPSEC_KM_DEMUX "IP_LOCAL_ADDRESS IP_REMOTE_ADDRESS QM_MODE IP_LOCAL_INTERFACE CURRENT_PROFILE_ID IPSEC_SECURITY_REALM_ID "
#define FIELDS_IPSEC                                                                                                                       \
  "IP_PROTOCOL IP_LOCAL_ADDRESS IP_REMOTE_ADDRESS IP_LOCAL_PORT IP_REMOTE_PORT IP_LOCAL_INTERFACE PROFILE_ID "                             \
  "IPSEC_SECURITY_REALM_ID "
#define FIELDS_IKEEXT "IP_LOCAL_ADDRESS IP_REMOTE_ADDRESS IP_LOCAL_INTERFACE PROFILE_ID IPSEC_SECURITY_REALM_ID "
#define FIELDS_RPC_UM                                                                                                                      \
  "REMOTE_USER_TOKEN IF_UUID IF_VERSION IF_FLAG DCOM_APP_ID IMAGE_NAME PROTOCOL AUTH_TYPE AUTH_LEVEL "                                     \
  "SEC_ENCRYPT_ALGORITHM SEC_KEY_SIZE LOCAL_ADDR_V4 LOCAL_ADDR_V6 LOCAL_PORT PIPE REMOTE_ADDR_V4 REMOTE_ADDR_V6 "
#define FIELDS_RPC_EPMAP                                                                                                                   \
  "REMOTE_USER_TOKEN IF_UUID IF_VERSION PROTOCOL AUTH_TYPE AUTH_LEVEL SEC_ENCRYPT_ALGORITHM SEC_KEY_SIZE "                                 \
  "LOCAL_ADDR_V4 LOCAL_ADDR_V6 LOCAL_PORT PIPE REMOTE_ADDR_V4 REMOTE_ADDR_V6 "
#define FIELDS_RPC_EP_ADD "PROCESS_WITH_RPC_IF_UUID PROTOCOL EP_VALUE EP_FLAGS "
#define FIELDS_RPC_PROXY_CONN "CLIENT_TOKEN SERVER_NAME SERVER_PORT PROXY_AUTH_TYPE CLIENT_CERT_KEY_LENGTH CLIENT_CERT_OID "
#define FIELDS_KM_AUTHORIZATION "REMOTE_ID AUTHENTICATION_TYPE KM_TYPE DIRECTION KM_MODE IPSEC_POLICY_KEY NAP_CONTEXT "

#define NOTHING 0
#define PEND WFP_LAYER_CAN_PEND
#define ABSORB WFP_LAYER_CAN_ABSORB
#define FLOW WFP_LAYER_HAS_FLOW
#define STREAM WFP_LAYER_IS_STREAM
#define DISCARD WFP_LAYER_IS_DISCARD
#define REAUTHORIZE WFP_LAYER_CAN_REAUTHORIZE
#define PEND_CLASSIFY WFP_LAYER_PEND_CLASSIFY

/* Identifiers from 72 on are those of the newest Windows. */
const WfpLayer wfp_layers[WFP_LAYER_COUNT] = {
  { "INBOUND_IPPACKET_V4", 0, ABSORB, FIELDS_INBOUND_IPPACKET },
  { "INBOUND_IPPACKET_V4_DISCARD", 1, DISCARD, FIELDS_INBOUND_IPPACKET },
  { "INBOUND_IPPACKET_V6", 2, ABSORB, FIELDS_INBOUND_IPPACKET },
  { "INBOUND_IPPACKET_V6_DISCARD", 3, DISCARD, FIELDS_INBOUND_IPPACKET },
  { "OUTBOUND_IPPACKET_V4", 4, ABSORB, FIELDS_OUTBOUND_IPPACKET },
  { "OUTBOUND_IPPACKET_V4_DISCARD", 5, DISCARD, FIELDS_OUTBOUND_IPPACKET },
  { "OUTBOUND_IPPACKET_V6", 6, ABSORB, FIELDS_OUTBOUND_IPPACKET },
  { "OUTBOUND_IPPACKET_V6_DISCARD", 7, DISCARD, FIELDS_OUTBOUND_IPPACKET },
  { "IPFORWARD_V4", 8, ABSORB, FIELDS_IPFORWARD },
  { "IPFORWARD_V4_DISCARD", 9, DISCARD, FIELDS_IPFORWARD },
  { "IPFORWARD_V6", 10, ABSORB, FIELDS_IPFORWARD },
  { "IPFORWARD_V6_DISCARD", 11, DISCARD, FIELDS_IPFORWARD },
  { "INBOUND_TRANSPORT_V4", 12, ABSORB | FLOW, FIELDS_INBOUND_TRANSPORT },
  { "INBOUND_TRANSPORT_V4_DISCARD", 13, FLOW | DISCARD, FIELDS_INBOUND_TRANSPORT },
  { "INBOUND_TRANSPORT_V6", 14, ABSORB | FLOW, FIELDS_INBOUND_TRANSPORT },
  { "INBOUND_TRANSPORT_V6_DISCARD", 15, FLOW | DISCARD, FIELDS_INBOUND_TRANSPORT },
  { "OUTBOUND_TRANSPORT_V4", 16, ABSORB | FLOW, FIELDS_OUTBOUND_TRANSPORT },
  { "OUTBOUND_TRANSPORT_V4_DISCARD", 17, FLOW | DISCARD, FIELDS_OUTBOUND_TRANSPORT },
  { "OUTBOUND_TRANSPORT_V6", 18, ABSORB | FLOW, FIELDS_OUTBOUND_TRANSPORT },
  { "OUTBOUND_TRANSPORT_V6_DISCARD", 19, FLOW | DISCARD, FIELDS_OUTBOUND_TRANSPORT },
  { "STREAM_V4", 20, FLOW | STREAM, FIELDS_STREAM },
  { "STREAM_V4_DISCARD", 21, FLOW | STREAM | DISCARD, FIELDS_STREAM },
  { "STREAM_V6", 22, FLOW | STREAM, FIELDS_STREAM },
  { "STREAM_V6_DISCARD", 23, FLOW | STREAM | DISCARD, FIELDS_STREAM },
  { "DATAGRAM_DATA_V4", 24, ABSORB | FLOW, FIELDS_DATAGRAM_DATA },
  { "DATAGRAM_DATA_V4_DISCARD", 25, FLOW | DISCARD, FIELDS_DATAGRAM_DATA },
  { "DATAGRAM_DATA_V6", 26, ABSORB | FLOW, FIELDS_DATAGRAM_DATA },
  { "DATAGRAM_DATA_V6_DISCARD", 27, FLOW | DISCARD, FIELDS_DATAGRAM_DATA },
  { "INBOUND_ICMP_ERROR_V4", 28, ABSORB, FIELDS_INBOUND_ICMP_ERROR },
  { "INBOUND_ICMP_ERROR_V4_DISCARD", 29, DISCARD, FIELDS_INBOUND_ICMP_ERROR },
  { "INBOUND_ICMP_ERROR_V6", 30, ABSORB, FIELDS_INBOUND_ICMP_ERROR },
  { "INBOUND_ICMP_ERROR_V6_DISCARD", 31, DISCARD, FIELDS_INBOUND_ICMP_ERROR },
  { "OUTBOUND_ICMP_ERROR_V4", 32, ABSORB, FIELDS_OUTBOUND_ICMP_ERROR },
  { "OUTBOUND_ICMP_ERROR_V4_DISCARD", 33, DISCARD, FIELDS_OUTBOUND_ICMP_ERROR },
  { "OUTBOUND_ICMP_ERROR_V6", 34, ABSORB, FIELDS_OUTBOUND_ICMP_ERROR_V6 },
  { "OUTBOUND_ICMP_ERROR_V6_DISCARD", 35, DISCARD, FIELDS_OUTBOUND_ICMP_ERROR_V6 },
  { "ALE_RESOURCE_ASSIGNMENT_V4", 36, PEND | ABSORB, FIELDS_ALE_RESOURCE_ASSIGNMENT },
  { "ALE_RESOURCE_ASSIGNMENT_V4_DISCARD", 37, DISCARD, FIELDS_ALE_RESOURCE_ASSIGNMENT },
  { "ALE_RESOURCE_ASSIGNMENT_V6", 38, PEND | ABSORB, FIELDS_ALE_RESOURCE_ASSIGNMENT },
  { "ALE_RESOURCE_ASSIGNMENT_V6_DISCARD", 39, DISCARD, FIELDS_ALE_RESOURCE_ASSIGNMENT },
  { "ALE_AUTH_LISTEN_V4", 40, PEND | ABSORB, FIELDS_ALE_AUTH_LISTEN },
  { "ALE_AUTH_LISTEN_V4_DISCARD", 41, DISCARD, FIELDS_ALE_AUTH_LISTEN },
  { "ALE_AUTH_LISTEN_V6", 42, PEND | ABSORB, FIELDS_ALE_AUTH_LISTEN },
  { "ALE_AUTH_LISTEN_V6_DISCARD", 43, DISCARD, FIELDS_ALE_AUTH_LISTEN },
  { "ALE_AUTH_RECV_ACCEPT_V4", 44, PEND | ABSORB | FLOW | REAUTHORIZE, FIELDS_ALE_AUTH_RECV_ACCEPT },
  { "ALE_AUTH_RECV_ACCEPT_V4_DISCARD", 45, FLOW | DISCARD, FIELDS_ALE_AUTH_RECV_ACCEPT },
  { "ALE_AUTH_RECV_ACCEPT_V6", 46, PEND | ABSORB | FLOW | REAUTHORIZE, FIELDS_ALE_AUTH_RECV_ACCEPT },
  { "ALE_AUTH_RECV_ACCEPT_V6_DISCARD", 47, FLOW | DISCARD, FIELDS_ALE_AUTH_RECV_ACCEPT },
  { "ALE_AUTH_CONNECT_V4", 48, PEND | ABSORB | FLOW | REAUTHORIZE, FIELDS_ALE_AUTH_CONNECT },
  { "ALE_AUTH_CONNECT_V4_DISCARD", 49, FLOW | DISCARD, FIELDS_ALE_AUTH_CONNECT },
  { "ALE_AUTH_CONNECT_V6", 50, PEND | ABSORB | FLOW | REAUTHORIZE, FIELDS_ALE_AUTH_CONNECT },
  { "ALE_AUTH_CONNECT_V6_DISCARD", 51, FLOW | DISCARD, FIELDS_ALE_AUTH_CONNECT },
  { "ALE_FLOW_ESTABLISHED_V4", 52, ABSORB | FLOW, FIELDS_ALE_FLOW_ESTABLISHED },
  { "ALE_FLOW_ESTABLISHED_V4_DISCARD", 53, FLOW | DISCARD, FIELDS_ALE_FLOW_ESTABLISHED },
  { "ALE_FLOW_ESTABLISHED_V6", 54, ABSORB | FLOW, FIELDS_ALE_FLOW_ESTABLISHED },
  { "ALE_FLOW_ESTABLISHED_V6_DISCARD", 55, FLOW | DISCARD, FIELDS_ALE_FLOW_ESTABLISHED },
  { "INBOUND_MAC_FRAME_ETHERNET", 56, ABSORB, FIELDS_INBOUND_MAC_FRAME_ETHERNET },
  { "OUTBOUND_MAC_FRAME_ETHERNET", 57, ABSORB, FIELDS_INBOUND_MAC_FRAME_ETHERNET },
  { "INBOUND_MAC_FRAME_NATIVE", 58, ABSORB, FIELDS_INBOUND_MAC_FRAME_NATIVE },
  { "OUTBOUND_MAC_FRAME_NATIVE", 59, ABSORB, FIELDS_INBOUND_MAC_FRAME_NATIVE },
  { "NAME_RESOLUTION_CACHE_V4", 60, NOTHING, FIELDS_NAME_RESOLUTION_CACHE },
  { "NAME_RESOLUTION_CACHE_V6", 61, NOTHING, FIELDS_NAME_RESOLUTION_CACHE },
  { "ALE_RESOURCE_RELEASE_V4", 62, NOTHING, FIELDS_ALE_RESOURCE_RELEASE },
  { "ALE_RESOURCE_RELEASE_V6", 63, NOTHING, FIELDS_ALE_RESOURCE_RELEASE },
  { "ALE_ENDPOINT_CLOSURE_V4", 64, PEND_CLASSIFY, FIELDS_ALE_ENDPOINT_CLOSURE },
  { "ALE_ENDPOINT_CLOSURE_V6", 65, PEND_CLASSIFY, FIELDS_ALE_ENDPOINT_CLOSURE },
  { "ALE_CONNECT_REDIRECT_V4", 66, PEND_CLASSIFY, FIELDS_ALE_CONNECT_REDIRECT },
  { "ALE_CONNECT_REDIRECT_V6", 67, PEND_CLASSIFY, FIELDS_ALE_CONNECT_REDIRECT },
  { "ALE_BIND_REDIRECT_V4", 68, PEND_CLASSIFY, FIELDS_ALE_BIND_REDIRECT },
  { "ALE_BIND_REDIRECT_V6", 69, PEND_CLASSIFY, FIELDS_ALE_BIND_REDIRECT },
  { "STREAM_PACKET_V4", 70, ABSORB | FLOW, FIELDS_STREAM_PACKET },
  { "STREAM_PACKET_V6", 71, ABSORB | FLOW, FIELDS_STREAM_PACKET },
  { "INGRESS_VSWITCH_ETHERNET", 72, ABSORB, FIELDS_INGRESS_VSWITCH_ETHERNET },
  { "EGRESS_VSWITCH_ETHERNET", 73, ABSORB, FIELDS_EGRESS_VSWITCH_ETHERNET },
  { "INGRESS_VSWITCH_TRANSPORT_V4", 74, ABSORB, FIELDS_INGRESS_VSWITCH_TRANSPORT },
  { "INGRESS_VSWITCH_TRANSPORT_V6", 75, ABSORB, FIELDS_INGRESS_VSWITCH_TRANSPORT },
  { "EGRESS_VSWITCH_TRANSPORT_V4", 76, ABSORB, FIELDS_EGRESS_VSWITCH_TRANSPORT },
  { "EGRESS_VSWITCH_TRANSPORT_V6", 77, ABSORB, FIELDS_EGRESS_VSWITCH_TRANSPORT },
  { "INBOUND_TRANSPORT_FAST", 78, NOTHING, "" },
  { "OUTBOUND_TRANSPORT_FAST", 79, NOTHING, "" },
  { "INBOUND_MAC_FRAME_NATIVE_FAST", 80, NOTHING, "" },
  { "OUTBOUND_MAC_FRAME_NATIVE_FAST", 81, NOTHING, "" },
  { "ALE_PRECLASSIFY_IP_LOCAL_ADDRESS_V4", 82, NOTHING, FIELDS_ALE_PRECLASSIFY_IP_LOCAL_ADDRESS },
  { "ALE_PRECLASSIFY_IP_REMOTE_ADDRESS_V4", 83, NOTHING, FIELDS_ALE_PRECLASSIFY_IP_REMOTE_ADDRESS },
  { "ALE_PRECLASSIFY_IP_LOCAL_PORT_V4", 84, NOTHING, FIELDS_ALE_PRECLASSIFY_IP_LOCAL_PORT },
  { "ALE_PRECLASSIFY_IP_REMOTE_PORT_V4", 85, NOTHING, FIELDS_ALE_PRECLASSIFY_IP_REMOTE_PORT },
  { "ALE_PRECLASSIFY_IP_LOCAL_ADDRESS_V6", 86, NOTHING, FIELDS_ALE_PRECLASSIFY_IP_LOCAL_ADDRESS },
  { "ALE_PRECLASSIFY_IP_REMOTE_ADDRESS_V6", 87, NOTHING, FIELDS_ALE_PRECLASSIFY_IP_REMOTE_ADDRESS },
  { "ALE_PRECLASSIFY_IP_LOCAL_PORT_V6", 88, NOTHING, FIELDS_ALE_PRECLASSIFY_IP_LOCAL_PORT },
  { "ALE_PRECLASSIFY_IP_REMOTE_PORT_V6", 89, NOTHING, FIELDS_ALE_PRECLASSIFY_IP_REMOTE_PORT },
  { "INBOUND_RESERVED2", 90, NOTHING, FIELDS_INBOUND_RESERVED2 },
  { "IPSEC_KM_DEMUX_V4", 91, NOTHING, FIELDS_IPSEC_KM_DEMUX },
  { "IPSEC_KM_DEMUX_V6", 92, NOTHING, FIELDS_IPSEC_KM_DEMUX },
  { "IPSEC_V4", 93, NOTHING, FIELDS_IPSEC },
  { "IPSEC_V6", 94, NOTHING, FIELDS_IPSEC },
  { "IKEEXT_V4", 95, NOTHING, FIELDS_IKEEXT },
  { "IKEEXT_V6", 96, NOTHING, FIELDS_IKEEXT },
  { "RPC_UM", 97, NOTHING, FIELDS_RPC_UM },
  { "RPC_EPMAP", 98, NOTHING, FIELDS_RPC_EPMAP },
  { "RPC_EP_ADD", 99, NOTHING, FIELDS_RPC_EP_ADD },
  { "RPC_PROXY_CONN", 100, NOTHING, FIELDS_RPC_PROXY_CONN },
  { "RPC_PROXY_IF", 101, NOTHING, "" },
  { "KM_AUTHORIZATION", 102, NOTHING, FIELDS_KM_AUTHORIZATION },
  { "OUTBOUND_NETWORK_CONNECTION_POLICY_V4", -1, NOTHING, "" },
  { "OUTBOUND_NETWORK_CONNECTION_POLICY_V6", -1, NOTHING, "" },
};

/* ---- look-up ---- */

static unsigned text_length(const char *text) {
  unsigned length = 0;
  while (text[length] != '\0')
    length++;
  return length;
}

static bool text_begins(const char *text, const char *with) {
  while (*with != '\0')
    if (*text++ != *with++)
      return false;
  return true;
}

static bool text_equal(const char *one, const char *other) { return text_begins(one, other) && one[text_length(other)] == '\0'; }

const WfpLayer *wfp_layer_find(const char *name) {
  if (text_begins(name, "FWPM_LAYER_") || text_begins(name, "FWPS_LAYER_"))
    name += 11;
  for (unsigned at = 0; at < WFP_LAYER_COUNT; at++)
    if (text_equal(wfp_layers[at].name, name))
      return &wfp_layers[at];
  return NULL;
}

const WfpLayer *wfp_layer_by_id(uint32_t id) { return id < WFP_LAYER_COUNT && wfp_layers[id].id == (int16_t)id ? &wfp_layers[id] : NULL; }

static bool bytes_equal(const uint8_t *one, const uint8_t *other) {
  for (unsigned at = 0; at < 16; at++)
    if (one[at] != other[at])
      return false;
  return true;
}

const WfpLayer *wfp_layer_by_guid(const uint8_t bytes[16]) {
  for (uint32_t at = 0; at < ddi_guid_count; at++)
    if (text_begins(ddi_guids[at].name, "FWPM_LAYER_") && bytes_equal(ddi_guids[at].bytes, bytes))
      return wfp_layer_find(ddi_guids[at].name);
  return NULL;
}

/* The field's name and its length; NULL behind the last one. */
static const char *field_at(const WfpLayer *layer, unsigned field, unsigned *length) {
  const char *text = layer->fields;
  while (*text != '\0') {
    unsigned size = 0;
    while (text[size] != ' ')
      size++;
    if (field-- == 0) {
      *length = size;
      return text;
    }
    text += size + 1;
  }
  return NULL;
}

/* One pass over the names: this is asked for at every classification. */
int wfp_field_find(const WfpLayer *layer, const char *name) {
  int field = 0;
  for (const char *text = layer->fields; *text != '\0'; field++) {
    unsigned same = 0;
    while (name[same] != '\0' && text[same] == name[same])
      same++;
    if (name[same] == '\0' && text[same] == ' ')
      return field;
    while (text[same] != ' ')
      same++;
    text += same + 1;
  }
  return -1;
}

bool wfp_field_name(const WfpLayer *layer, unsigned field, char *text, unsigned size) {
  unsigned length;
  const char *name = field_at(layer, field, &length);
  if (name == NULL || length >= size)
    return false;
  for (unsigned at = 0; at < length; at++)
    text[at] = name[at];
  text[length] = '\0';
  return true;
}

unsigned wfp_field_count(const WfpLayer *layer) {
  unsigned count = 0;
  for (const char *text = layer->fields; *text != '\0'; text++)
    count += *text == ' ';
  return count;
}

/* Several names may stand for one condition (ICMP_TYPE is IP_LOCAL_PORT): the first that the layer has. */
int wfp_field_by_guid(const WfpLayer *layer, const uint8_t bytes[16]) {
  for (uint32_t at = 0; at < ddi_guid_count; at++)
    if (text_begins(ddi_guids[at].name, "FWPM_CONDITION_") && bytes_equal(ddi_guids[at].bytes, bytes)) {
      int field = wfp_field_find(layer, ddi_guids[at].name + 15);
      if (field >= 0)
        return field;
    }
  return -1;
}
