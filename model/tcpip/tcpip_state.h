/* tcpip_state.h: what a run changes in model/tcpip. Stdint and sim only; zeroed when a run begins. */
#pragma once

#include <stdint.h>

typedef struct TcpipState {
  uint32_t unused;
} TcpipState;
