/* F-MSG: a message to the service, its reply, and everything that can come between. */
#include "driver.h"

#define CONNECT                                                                                                                            \
  { .kind = USER_CONNECT, .name = PORT_NAME }
#define GET                                                                                                                                \
  { .kind = USER_GET, .duration_ns = USER_FOREVER }
#define REPLY(number)                                                                                                                      \
  { .kind = USER_REPLY, .value = (number) }
#define DELAY(duration)                                                                                                                    \
  { .kind = USER_DELAY, .duration_ns = (duration) }

static const UserOperation answers[] = { CONNECT, GET, REPLY(0x2a), DELAY(500 * MS) };
static const UserOperation answers_late[] = { CONNECT, GET, DELAY(200 * MS), REPLY(0x2a), DELAY(500 * MS) };
static const UserOperation answers_much[] = {
  CONNECT, GET, { .kind = USER_REPLY, .value = 0x1122334455667788, .length = 300 }, DELAY(500 * MS)
};
static const UserOperation gets[] = { CONNECT, GET, DELAY(1000 * MS) };
static const UserOperation gets_late[] = { CONNECT, DELAY(60 * MS), GET, DELAY(1000 * MS) };
static const UserOperation only_connects[] = { CONNECT, DELAY(1000 * MS) };
static const UserOperation leaves[] = { CONNECT, GET, DELAY(50 * MS), { .kind = USER_DISCONNECT }, DELAY(500 * MS) };
static const UserOperation leaves_early[] = { CONNECT, DELAY(50 * MS), { .kind = USER_EXIT } };

static ULONG capacity;
static uint64_t timeout_ns;

/* How long it took, in ticks. */
static void send(void *argument) {
  UNREFERENCED_PARAMETER(argument);
  uint64_t begin_ns = ke_now_ns();
  NTSTATUS status = message_send(0, capacity, timeout_ns);
  if (status == STATUS_SUCCESS && capacity > 0)
    note_number("reply", driver->reply[0]);
  note_number("ticks", (long)((ke_now_ns() - begin_ns + TICK_NS - 1) / TICK_NS));
}

static void exchange_(const UserOperation *script, unsigned count, ULONG reply_capacity, uint64_t timeout) {
  driver_setup(4, NULL);
  capacity = reply_capacity;
  timeout_ns = timeout;
  user_thread_create(user_process_create("agent"), "receiver", 8, -1, script, count, MS);
  driver_thread("sender", send, 20 * MS);
}

#define EXCHANGE(script, reply_capacity, timeout) exchange_((script), RTL_NUMBER_OF(script), (reply_capacity), (timeout))

/* ---- F-MSG-1: who waits for whom ---- */

static void answered_setup(void) { EXCHANGE(answers, 4, 100 * MS); }

static void answered_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "connect=0 sent reply=42 ticks=1 disconnect");
  EXPECT_EQUAL(driver->reply_length, 4);
  EXPECT_EQUAL(event_at(run, EVENT_MESSAGE_DONE, 0)->detail, 1);
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT_IRQL), 0);
  EXPECT_EQUAL(run->stop, SIM_STOP_QUIET);
}

/* Without a reply buffer the call is over when the message is taken. */
static void no_reply_setup(void) { EXCHANGE(gets_late, 0, 0); }

static void no_reply_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "connect=0 sent ticks=3 disconnect");
  EXPECT_EQUAL(event_at(run, EVENT_MESSAGE_DONE, 0)->detail, 0);
}

static void nobody_setup(void) { EXCHANGE(only_connects, 4, 100 * MS); }
static void nobody_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "connect=0 timeout ticks=7 disconnect");
  EXPECT_EQUAL(event_count(run, EVENT_MESSAGE_TAKE), 0);
}

/* Taken after 60 ms and never answered: the one time-out covers both waits. */
static void both_setup(void) { EXCHANGE(gets_late, 4, 100 * MS); }
static void both_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "connect=0 timeout ticks=7 disconnect");
  EXPECT_EQUAL(event_count(run, EVENT_MESSAGE_TAKE), 1);
}

/* NULL waits for as long as it takes, as zero does. */
static void for_ever_setup(void) { EXCHANGE(answers_late, 4, 0); }
static void for_ever_check(const HarnessRun *run) { EXPECT_NOTES(run, "connect=0 sent reply=42 ticks=14 disconnect"); }

static void send_zero(void *argument) {
  UNREFERENCED_PARAMETER(argument);
  driver->reply_length = 4;
  driver->timeout.QuadPart = 0;
  NTSTATUS status =
      ddi_FltSendMessage(driver->filter, &driver->clients[0], &driver->question, 4, driver->reply, &driver->reply_length, &driver->timeout);
  note(status == STATUS_SUCCESS ? "sent" : "other");
}

static void zero_setup(void) {
  driver_setup(1, NULL);
  SERVICE(user_process_create("agent"), answers_late);
  driver_thread("sender", send_zero, 20 * MS);
}

static void zero_check(const HarnessRun *run) { EXPECT_NOTES(run, "connect=0 sent disconnect"); }

/* APC_LEVEL is still allowed; DISPATCH_LEVEL is told, and then waits where nothing may wait. */
static void send_at(void *argument) {
  KIRQL irql;
  KeRaiseIrql((KIRQL)(uintptr_t)argument, &irql);
  message_send(0, 4, 100 * MS);
  KeLowerIrql(irql);
}

static void send_at_apc(void *argument) { send_at((void *)(uintptr_t)(argument == NULL ? APC_LEVEL : 0)); }
static void send_at_dispatch(void *argument) { send_at((void *)(uintptr_t)(argument == NULL ? DISPATCH_LEVEL : 0)); }

static void at_apc_setup(void) {
  driver_setup(1, NULL);
  SERVICE(user_process_create("agent"), answers);
  driver_thread("sender", send_at_apc, 20 * MS);
}

static void at_apc_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "connect=0 sent disconnect");
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT_IRQL), 0);
}

static void at_dispatch_setup(void) {
  driver_setup(1, NULL);
  SERVICE(user_process_create("agent"), answers);
  driver_thread("sender", send_at_dispatch, 20 * MS);
}

static void at_dispatch_check(const HarnessRun *run) {
  const SimEvent *contract = event_at(run, EVENT_CONTRACT_IRQL, 0);
  EXPECT(contract != NULL && contract->function == DDI_FltSendMessage && contract->detail == (0 | APC_LEVEL << 8 | DISPATCH_LEVEL << 16));
  EXPECT_EQUAL(event_count(run, EVENT_WAIT_HIGH), 1);
  EXPECT(run->bugcheck == NULL); /* no DPC is active: the attach is let pass, and the wait (K-WAIT-3) */
}

/* ---- F-MSG-2: what it returns ---- */

/* A success code; the buffer is as it was. */
static void timeout_check(const HarnessRun *run) {
  EXPECT(NT_SUCCESS(STATUS_TIMEOUT));
  EXPECT_EQUAL(event_at(run, EVENT_MESSAGE_DONE, 0)->status, STATUS_TIMEOUT);
  EXPECT_EQUAL(event_at(run, EVENT_MESSAGE_DONE, 0)->detail, 0);
  EXPECT_EQUAL(driver->reply[0], 0xee);
  EXPECT_EQUAL(driver->reply_length, 4);
}

/* A longer reply: what there is room for, and a failure. */
static void overflow_setup(void) { EXCHANGE(answers_much, 4, 100 * MS); }

static void overflow_check(const HarnessRun *run) {
  static const UCHAR expected[] = { 0x88, 0x77, 0x66, 0x55, 0xee };
  EXPECT_NOTES(run, "connect=0 overflow ticks=1 disconnect");
  for (unsigned i = 0; i < sizeof expected; i++)
    EXPECT_EQUAL(driver->reply[i], expected[i]);
  EXPECT_EQUAL(event_at(run, EVENT_MESSAGE_REPLY, 0)->detail, 300); /* all of it was sent */
}

/* A shorter one. */
static void short_setup(void) {
  static const UserOperation script[] = { CONNECT, GET, { .kind = USER_REPLY, .value = 0x1122, .length = 1 }, DELAY(500 * MS) };
  EXCHANGE(script, 4, 100 * MS);
}

static void short_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "connect=0 sent reply=34 ticks=1 disconnect");
  EXPECT_EQUAL(driver->reply_length, 1);
  EXPECT_EQUAL(driver->reply[1], 0xee);
}

/* The service goes while a message waits for its reply, or to be taken. */
static void leaves_setup(void) { EXCHANGE(leaves, 4, 0); }
static void leaves_check(const HarnessRun *run) { EXPECT_NOTES(run, "connect=0 disconnect disconnected ticks=4"); }
static void leaves_early_setup(void) { EXCHANGE(leaves_early, 4, 0); }
static void leaves_early_check(const HarnessRun *run) { EXPECT_NOTES(run, "connect=0 disconnect disconnected ticks=3"); }

/* Its process ends, by another thread's doing: handles are closed all the same. */
static void ends_setup(void) {
  static const UserOperation ends[] = { DELAY(50 * MS), { .kind = USER_EXIT_PROCESS } };
  KeProcess *process = user_process_create("agent");
  driver_setup(1, NULL);
  capacity = 4;
  timeout_ns = 0;
  SERVICE(process, gets);
  user_thread_create(process, "ender", 8, -1, ends, RTL_NUMBER_OF(ends), MS);
  driver_thread("sender", send, 20 * MS);
}

static void ends_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "connect=0 disconnect disconnected ticks=3");
  EXPECT_EQUAL(run->stop, SIM_STOP_QUIET);
}

/* The driver closes its side meanwhile, in another thread. */
static void close_side(void *argument) {
  UNREFERENCED_PARAMETER(argument);
  FltCloseClientPort(driver->filter, &driver->clients[0]);
  note(driver->clients[0] == NULL ? "closed" : "open");
}

static void closed_setup(void) {
  EXCHANGE(gets, 4, 0);
  driver_thread("closer", close_side, 50 * MS);
}

static void closed_check(const HarnessRun *run) { EXPECT_NOTES(run, "connect=0 closed disconnected ticks=2 disconnect"); }

/* A service that waits for a message hears of it, too. */
static void closed_idle_setup(void) {
  driver_setup(1, NULL);
  SERVICE(user_process_create("agent"), gets);
  driver_thread("closer", close_side, 50 * MS);
}

static void closed_idle_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "connect=0 closed disconnect");
  EXPECT_EQUAL(call_status(run, 1), STATUS_PORT_DISCONNECTED);
  EXPECT(flt_client_port_at((uint64_t)driver->clients[0]) == NULL);
}

/* The sender is a user-mode thread in the kernel, and its process ends. */
static void send_in_connect(void) {
  if (driver->client_count == 2) {
    message_send(0, 4, 0);
    note("back");
  }
}

static void terminated_setup(void) {
  static const UserOperation ends[] = { DELAY(100 * MS), { .kind = USER_EXIT_PROCESS } };
  driver_setup(4, NULL);
  driver_on_connect = send_in_connect;
  SERVICE(user_process_create("agent"), gets);
  KeProcess *process = user_process_create("program");
  user_thread_create(process, "caller", 8, -1, only_connects, RTL_NUMBER_OF(only_connects), 20 * MS);
  user_thread_create(process, "ender", 8, -1, ends, RTL_NUMBER_OF(ends), 20 * MS);
}

static void terminated_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "connect=0 connect=0 terminating back disconnect disconnect");
  EXPECT_EQUAL(run->stop, SIM_STOP_QUIET);
}

/* ---- F-MSG-3: the service's side ---- */

static void late_setup(void) { EXCHANGE(answers_late, 4, 100 * MS); }

static void late_check(const HarnessRun *run) {
  timeout_check(run);
  EXPECT_NOTES(run, "connect=0 timeout ticks=7 disconnect");
  EXPECT_EQUAL(event_at(run, EVENT_MESSAGE_REPLY, 0)->status, STATUS_FLT_NO_WAITER_FOR_REPLY);
  EXPECT_EQUAL(call_status(run, 3), STATUS_FLT_NO_WAITER_FOR_REPLY);
}

static void twice_setup(void) {
  static const UserOperation script[] = { CONNECT, GET, REPLY(1), REPLY(2), DELAY(500 * MS) };
  EXCHANGE(script, 4, 0);
}

static void twice_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "connect=0 sent reply=1 ticks=1 disconnect");
  EXPECT_EQUAL(event_at(run, EVENT_MESSAGE_REPLY, 0)->status, STATUS_SUCCESS);
  EXPECT_EQUAL(event_at(run, EVENT_MESSAGE_REPLY, 1)->status, STATUS_FLT_NO_WAITER_FOR_REPLY);
}

static void get_timeout_setup(void) {
  static const UserOperation script[] = { CONNECT, { .kind = USER_GET, .duration_ns = 50 * MS }, REPLY(1), { .kind = USER_DISCONNECT }, GET,
                                          REPLY(1) };
  driver_setup(1, NULL);
  SERVICE(user_process_create("agent"), script);
}

static void get_timeout_check(const HarnessRun *run) {
  EXPECT_EQUAL(call_status(run, 1), STATUS_TIMEOUT);
  EXPECT_EQUAL(call_status(run, 2), STATUS_INVALID_PARAMETER); /* to no message */
  EXPECT_EQUAL(call_status(run, 4), STATUS_INVALID_HANDLE);    /* and the thread ends */
  EXPECT_EQUAL(event_count(run, EVENT_SYSTEM_RETURN), 5);
  EXPECT_EQUAL(run->stop, SIM_STOP_QUIET);
}

/* ---- F-MSG-4: all receivers busy ---- */

static void send_second(void *argument) {
  UNREFERENCED_PARAMETER(argument);
  note(message_send(0, 0, 50 * MS) == STATUS_TIMEOUT ? "second" : "other");
}

static void busy_setup(void) {
  EXCHANGE(answers_late, 0, 0);
  driver_thread("second", send_second, 40 * MS);
}

static void busy_check(const HarnessRun *run) { EXPECT_NOTES(run, "connect=0 sent ticks=1 timeout second disconnect"); }

static void in_order_setup(void) {
  static const UserOperation script[] = { CONNECT, DELAY(100 * MS), GET, GET, GET, DELAY(100 * MS) };
  EXCHANGE(script, 0, 0);
  driver_thread("second", send, 30 * MS);
  driver_thread("third", send, 40 * MS);
}

static void in_order_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "connect=0 sent ticks=6 sent ticks=6 sent ticks=5 disconnect");
  for (size_t i = 0; i < 3; i++)
    EXPECT_EQUAL(event_at(run, EVENT_MESSAGE_TAKE, i)->object, event_at(run, EVENT_MESSAGE_SEND, i)->object);
}

/* ---- F-MSG-5: the copy into the receiver's process ---- */

static KeProcess *agent;

static void wait_first(ModelOptions *options) { options->flt_send = MODEL_FLT_SEND_WAIT_FIRST; }

static void attach_check(const HarnessRun *run) {
  EXPECT_EQUAL(event_count(run, EVENT_ATTACH), 1);
  EXPECT_EQUAL(event_count(run, EVENT_DETACH), 1);
}

static void attach_nobody_check(const HarnessRun *run) {
  EXPECT_EQUAL(event_count(run, EVENT_ATTACH), 0);
  nobody_check(run);
}

static void dpc_send(KeDpc *dpc, void *argument) {
  UNREFERENCED_PARAMETER(dpc);
  UNREFERENCED_PARAMETER(argument);
  message_send(0, 4, 0);
}

static void dpc_queue(void *argument) {
  UNREFERENCED_PARAMETER(argument);
  ke_dpc_queue(ke_dpc_create("sender", dpc_send, NULL), 0);
}

static void dpc_setup(const UserOperation *script, unsigned count) {
  driver_setup(1, NULL);
  agent = user_process_create("agent");
  user_thread_create(agent, "receiver", 8, -1, script, count, MS);
  driver_thread("queues", dpc_queue, 20 * MS);
}

static void in_dpc_setup(void) { dpc_setup(gets, RTL_NUMBER_OF(gets)); }
static void in_dpc_nobody_setup(void) { dpc_setup(only_connects, RTL_NUMBER_OF(only_connects)); }

/* INVALID_PROCESS_ATTACH_ATTEMPT: of the receiver's process, from the one the DPC interrupted, not attached, a DPC running. */
static void in_dpc_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0x5);
  if (run->bugcheck == NULL)
    return;
  EXPECT_EQUAL(run->bugcheck->parameters[0], ke_address(&agent->header));
  EXPECT_EQUAL(run->bugcheck->parameters[1], ke_address(&MODEL->ke.idle_process->header));
  EXPECT_EQUAL(run->bugcheck->parameters[2], 0);
  EXPECT_EQUAL(run->bugcheck->parameters[3], 1);
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT_IRQL), 1);
}

/* ATTEMPTED_SWITCH_FROM_DPC: the wait for a receiver comes before the copy. */
static void in_dpc_wait_first_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0xB8);
  EXPECT_EQUAL(event_count(run, EVENT_ATTACH), 0);
  EXPECT_EQUAL(event_count(run, EVENT_WAIT_HIGH), 1);
}

static const HarnessCase cases[] = {
  { .name = "F_MSG_1 a message is answered", .setup = answered_setup, .check = answered_check },
  { .name = "F_MSG_1 no reply wanted: over when it is taken", .setup = no_reply_setup, .check = no_reply_check },
  { .name = "F_MSG_1 nobody takes it in time", .setup = nobody_setup, .check = nobody_check },
  { .name = "F_MSG_1 one time-out covers both waits", .setup = both_setup, .check = both_check },
  { .name = "F_MSG_1 no time-out", .setup = for_ever_setup, .check = for_ever_check },
  { .name = "F_MSG_1 a time-out of zero", .setup = zero_setup, .check = zero_check },
  { .name = "F_MSG_1 at APC_LEVEL", .setup = at_apc_setup, .check = at_apc_check },
  { .name = "F_MSG_1 at DISPATCH_LEVEL", .cpus = 2, .setup = at_dispatch_setup, .check = at_dispatch_check },
  { .name = "F_MSG_2 STATUS_TIMEOUT is a success code", .setup = nobody_setup, .check = timeout_check },
  { .name = "F_MSG_2 a reply longer than the buffer", .setup = overflow_setup, .check = overflow_check },
  { .name = "F_MSG_2 a reply shorter than the buffer", .setup = short_setup, .check = short_check },
  { .name = "F_MSG_2 disconnected while it waits for the reply", .setup = leaves_setup, .check = leaves_check },
  { .name = "F_MSG_2 disconnected while it waits for a receiver", .setup = leaves_early_setup, .check = leaves_early_check },
  { .name = "F_MSG_2 the service's process ends", .setup = ends_setup, .check = ends_check },
  { .name = "F_MSG_2 the client port is closed while it waits", .setup = closed_setup, .check = closed_check },
  { .name = "F_MSG_2 the client port is closed while the service waits", .setup = closed_idle_setup, .check = closed_idle_check },
  { .name = "F_MSG_2 the sender is terminated", .cpus = 2, .setup = terminated_setup, .check = terminated_check },
  { .name = "F_MSG_3 a late reply finds no waiter", .setup = late_setup, .check = late_check },
  { .name = "F_MSG_3 the second reply finds no waiter", .setup = twice_setup, .check = twice_check },
  { .name = "F_MSG_3 no message in time; no connection", .setup = get_timeout_setup, .check = get_timeout_check },
  { .name = "F_MSG_4 the only receiver is busy", .setup = busy_setup, .check = busy_check },
  { .name = "F_MSG_4 messages wait in order", .setup = in_order_setup, .check = in_order_check },
  { .name = "F_MSG_5 the sender attaches to the receiver's process", .setup = answered_setup, .check = attach_check },
  { .name = "F_MSG_5 fltsend_order wait_first: nobody to attach to",
    .options = wait_first,
    .setup = nobody_setup,
    .check = attach_nobody_check },
  { .name = "F_MSG_5 in a DPC: 0x5", .setup = in_dpc_setup, .check = in_dpc_check },
  { .name = "F_MSG_5 in a DPC, nobody waits: 0x5 all the same", .setup = in_dpc_nobody_setup, .check = in_dpc_check },
  { .name = "F_MSG_5 in a DPC, wait_first: a receiver waits: 0x5", .options = wait_first, .setup = in_dpc_setup, .check = in_dpc_check },
  { .name = "F_MSG_5 in a DPC, wait_first: 0xB8", .options = wait_first, .setup = in_dpc_nobody_setup, .check = in_dpc_wait_first_check },
};

int main(void) { return harness_main("flt message", cases, RTL_NUMBER_OF(cases)); }
