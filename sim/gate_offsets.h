/* gate_offsets.h: what the assembly needs to know of the structures; asserted in context.c. */
#pragma once

#define SIM_OFFSET_CONTEXT_SITE 84
#define SIM_OFFSET_CONTEXT_GATE_STACK 168
#define SIM_OFFSET_CONTEXT_GUEST_STACK 176
#define SIM_ADDRESS_MACHINE_CURRENT 0x2000000100b0

/* The last thunk: where driver code that the model called returns to. */
#define SIM_ADDRESS_RETURN_THUNK 0x20000803ffe0
