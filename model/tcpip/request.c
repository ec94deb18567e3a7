/* What the stack knows of a connection, as the values of a layer's fields. W-FLT-6, W-FLT-8, W-FLT-10. */
#include "../wfp/wfp.h"
#include "tcpip.h"

#include "../model.h"

#define ADDRESS_UNICAST 1    /* NL_ADDRESS_TYPE: NlatUnicast */
#define INTERFACE_ETHERNET 6 /* IF_TYPE_ETHERNET_CSMACD */
#define INTERFACE_INDEX 2
#define INTERFACE_LUID 0x0006000001000000ULL
#define PATH_SIZE 128

typedef enum Source {
  SOURCE_NONE,
  SOURCE_LOCAL_ADDRESS,
  SOURCE_REMOTE_ADDRESS,
  SOURCE_LOCAL_PORT,
  SOURCE_REMOTE_PORT,
  SOURCE_PROTOCOL,
  SOURCE_FLAGS,
  SOURCE_REASON,
  SOURCE_DIRECTION,
  SOURCE_PATH,
  SOURCE_CONSTANT,
} Source;

typedef struct FieldRow {
  const char *name;
  uint8_t source;
  uint8_t type;    /* FWP_DATA_TYPE */
  uint64_t number; /* SOURCE_CONSTANT */
} FieldRow;

/* Fields that are not here are FWP_EMPTY. */
static const FieldRow rows[] = {
  { "IP_LOCAL_ADDRESS", SOURCE_LOCAL_ADDRESS, FWP_UINT32, 0 },
  { "IP_REMOTE_ADDRESS", SOURCE_REMOTE_ADDRESS, FWP_UINT32, 0 },
  { "IP_LOCAL_PORT", SOURCE_LOCAL_PORT, FWP_UINT16, 0 },
  { "IP_REMOTE_PORT", SOURCE_REMOTE_PORT, FWP_UINT16, 0 },
  { "IP_PROTOCOL", SOURCE_PROTOCOL, FWP_UINT8, 0 },
  { "FLAGS", SOURCE_FLAGS, FWP_UINT32, 0 },
  { "REAUTHORIZE_REASON", SOURCE_REASON, FWP_UINT32, 0 },
  { "DIRECTION", SOURCE_DIRECTION, FWP_UINT32, 0 },
  { "ALE_APP_ID", SOURCE_PATH, FWP_BYTE_BLOB_TYPE, 0 },
  { "ALE_ORIGINAL_APP_ID", SOURCE_PATH, FWP_BYTE_BLOB_TYPE, 0 },
  { "IP_LOCAL_ADDRESS_TYPE", SOURCE_CONSTANT, FWP_UINT8, ADDRESS_UNICAST },
  { "IP_DESTINATION_ADDRESS_TYPE", SOURCE_CONSTANT, FWP_UINT8, ADDRESS_UNICAST },
  { "IP_LOCAL_INTERFACE", SOURCE_CONSTANT, FWP_UINT64, INTERFACE_LUID },
  { "INTERFACE_TYPE", SOURCE_CONSTANT, FWP_UINT32, INTERFACE_ETHERNET },
  { "TUNNEL_TYPE", SOURCE_CONSTANT, FWP_UINT32, 0 },
  { "INTERFACE_INDEX", SOURCE_CONSTANT, FWP_UINT32, INTERFACE_INDEX },
  { "SUB_INTERFACE_INDEX", SOURCE_CONSTANT, FWP_UINT32, 0 },
  { "COMPARTMENT_ID", SOURCE_CONSTANT, FWP_UINT32, DEFAULT_COMPARTMENT_ID },
};

/* \device\harddiskvolume1\NAME.exe, in 16-bit characters with the last zero, as ALE_APP_ID has it. */
static uint32_t path_write(const KeProcess *process, uint16_t *path) {
  static const char folder[] = "\\device\\harddiskvolume1\\", extension[] = ".exe";
  const char *name = process == MODEL->ke.system_process ? "System" : process->header.object->name;
  uint32_t at = 0;
  if (process != MODEL->ke.system_process)
    for (unsigned from = 0; folder[from] != '\0'; from++)
      path[at++] = (uint16_t)folder[from];
  for (unsigned from = 0; name[from] != '\0'; from++)
    path[at++] = (uint16_t)(uint8_t)name[from];
  for (unsigned from = 0; process != MODEL->ke.system_process && from < 4; from++)
    path[at++] = extension[from];
  path[at++] = 0;
  return at * (uint32_t)sizeof *path;
}

static void path_value(WfpRequest *request, WfpValue *value) {
  uint16_t path[PATH_SIZE];
  if (request->path == NULL) {
    request->path_size = path_write(request->connection->process, path);
    request->path = sim_heap_allocate(request->path_size);
    RtlCopyMemory(request->path, path, request->path_size);
  }
  value->bytes = request->path;
  value->size = request->path_size;
}

static void value_fill(WfpRequest *request, const FieldRow *row, WfpValue *value) {
  const TcpipConnection *connection = request->connection;
  value->type = row->type;
  switch ((Source)row->source) {
  case SOURCE_LOCAL_ADDRESS: value->number = connection->local.address; break;
  case SOURCE_REMOTE_ADDRESS: value->number = connection->remote.address; break;
  case SOURCE_LOCAL_PORT: value->number = connection->local.port; break;
  case SOURCE_REMOTE_PORT: value->number = connection->remote.port; break;
  case SOURCE_PROTOCOL: value->number = connection->protocol; break;
  case SOURCE_FLAGS: value->number = request->is_reauthorize ? FWP_CONDITION_FLAG_IS_REAUTHORIZE : 0; break;
  case SOURCE_REASON: value->number = request->reason; break;
  case SOURCE_DIRECTION: value->number = request->is_inbound ? FWP_DIRECTION_INBOUND : FWP_DIRECTION_OUTBOUND; break;
  case SOURCE_PATH: path_value(request, value); break;
  default: value->number = row->number; break;
  }
}

/* ---- the layers the stack classifies at ---- */

static const char *const layer_names[TCPIP_LAYER_COUNT] = {
  "ALE_AUTH_CONNECT_V4",
  "ALE_FLOW_ESTABLISHED_V4",
  "ALE_ENDPOINT_CLOSURE_V4",
  "STREAM_V4",
};

void tcpip_request_begin(void) {
  _Static_assert(sizeof rows / sizeof rows[0] <= TCPIP_FIELD_COUNT_MAX, "a row has its place in TcpipLayer");
  for (unsigned at = 0; at < TCPIP_LAYER_COUNT; at++) {
    TcpipLayer *known = &MODEL->tcpip.layers[at];
    known->layer = wfp_layer_find(layer_names[at]);
    for (unsigned row = 0; row < sizeof rows / sizeof rows[0]; row++)
      known->fields[row] = (int8_t)wfp_field_find(known->layer, rows[row].name);
  }
}

static bool is_same(const char *one, const char *other) {
  while (*one != '\0' && *one == *other)
    one++, other++;
  return *one == *other;
}

static const TcpipLayer *layer_known(const char *name) {
  for (unsigned at = 0; at < TCPIP_LAYER_COUNT; at++)
    if (is_same(layer_names[at], name))
      return &MODEL->tcpip.layers[at];
  SIM_ASSERT(!"the stack classifies at a layer that it did not look up");
  return NULL;
}

const WfpLayer *tcpip_layer_find(const char *name) { return layer_known(name)->layer; }

/* At FLOW_ESTABLISHED the direction is that of the connection, not of the packet. */
void tcpip_request_fill(WfpRequest *request, TcpipConnection *connection, const char *layer) {
  const TcpipLayer *known = layer_known(layer);
  request->layer = known->layer;
  request->connection = connection;
  for (unsigned row = 0; row < sizeof rows / sizeof rows[0]; row++)
    if (known->fields[row] >= 0)
      value_fill(request, &rows[row], &request->values[known->fields[row]]);
}
