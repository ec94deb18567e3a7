#include "irql.h"

const char *sim_irql_name(SimIrql irql) {
  static const char *const names[SIM_IRQL_COUNT] = {
    "PASSIVE_LEVEL", "APC_LEVEL", "DISPATCH_LEVEL", "DIRQL 3",  "DIRQL 4",  "DIRQL 5",     "DIRQL 6",   "DIRQL 7",
    "DIRQL 8",       "DIRQL 9",   "DIRQL 10",       "DIRQL 11", "DIRQL 12", "CLOCK_LEVEL", "IPI_LEVEL", "HIGH_LEVEL",
  };
  return irql < SIM_IRQL_COUNT ? names[irql] : "no such level";
}
