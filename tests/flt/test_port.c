/* F-PRT: ports and connections, and whom they outlive. */
#include "driver.h"

static const UserOperation connects[] = { { .kind = USER_CONNECT, .name = PORT_NAME }, { .kind = USER_DELAY, .duration_ns = 50 * MS } };
static const UserOperation connects_twice[] = { { .kind = USER_CONNECT, .name = PORT_NAME },
                                                { .kind = USER_CONNECT, .name = PORT_NAME },
                                                { .kind = USER_DELAY, .duration_ns = 50 * MS } };
static const UserOperation disconnects[] = { { .kind = USER_CONNECT, .name = PORT_NAME },
                                             { .kind = USER_DISCONNECT },
                                             { .kind = USER_DELAY, .duration_ns = 50 * MS } };
static const UserOperation serves[] = { { .kind = USER_CONNECT, .name = PORT_NAME },
                                        { .kind = USER_GET, .duration_ns = USER_FOREVER },
                                        { .kind = USER_REPLY, .value = 7 } };
static const UserOperation gets[] = { { .kind = USER_CONNECT, .name = PORT_NAME },
                                      { .kind = USER_GET, .duration_ns = USER_FOREVER },
                                      { .kind = USER_DELAY, .duration_ns = 50 * MS } };

/* ---- F-PRT-1 ---- */

static void note_thread(void) { note(ke_thread_name(ke_thread_current())); }

static void listens_setup(void) {
  driver_setup(1, NULL);
  driver_on_connect = note_thread;
  SERVICE(user_process_create("agent"), connects);
}

static void listens_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "connect=0 receiver disconnect"); /* at PASSIVE_LEVEL, in the thread that connects */
  EXPECT_EQUAL(call_status(run, 0), STATUS_SUCCESS);
  EXPECT_EQUAL(event_count(run, EVENT_PORT_CONNECT), 1);
  EXPECT_EQUAL(event_count(run, EVENT_PORT_DISCONNECT), 1);
  EXPECT_EQUAL(run->stop, SIM_STOP_QUIET);
}

/* A refusal leaves nothing: the one place is free for who comes next. */
static void accept_next(void) { driver->answer = driver->client_count > 1 ? STATUS_SUCCESS : STATUS_ACCESS_DENIED; }

static void refuses_setup(void) {
  driver_setup(1, NULL);
  driver_on_connect = accept_next;
  SERVICE(user_process_create("agent"), connects_twice);
}

static void refuses_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "connect=0 connect=0 disconnect");
  EXPECT_EQUAL(call_status(run, 0), STATUS_ACCESS_DENIED);
  EXPECT_EQUAL(call_status(run, 1), STATUS_SUCCESS);
  EXPECT(flt_client_port_at((uint64_t)driver->clients[0]) == NULL);
}

static void no_more_setup(void) {
  driver_setup(2, NULL);
  for (int i = 0; i < 3; i++)
    SERVICE(user_process_create("agent"), connects);
}

static void no_more_check(const HarnessRun *run) {
  EXPECT_EQUAL(event_count(run, EVENT_PORT_CONNECT), 2);
  EXPECT_EQUAL(call_status(run, 0), STATUS_SUCCESS);
  EXPECT_EQUAL(call_status(run, 1), STATUS_SUCCESS);
  EXPECT_EQUAL(call_status(run, 2), STATUS_CONNECTION_COUNT_LIMIT);
}

static void parameters_entry(void) {
  static const WCHAR long_name[] = L"\\0123456789012345678901234567890123456789012345678901234567890123456789";
  static const struct {
    const WCHAR *name;
    ULONG attributes;
    LONG connections_max;
    NTSTATUS expected;
  } rows[] = {
    { L"\\other", OBJ_CASE_INSENSITIVE, 1, STATUS_INVALID_PARAMETER }, /* no kernel handle */
    { L"\\other", OBJ_KERNEL_HANDLE, 0, STATUS_INVALID_PARAMETER },     { L"\\other", OBJ_KERNEL_HANDLE, -1, STATUS_INVALID_PARAMETER },
    { L"", OBJ_KERNEL_HANDLE, 1, STATUS_OBJECT_NAME_INVALID },          { long_name, OBJ_KERNEL_HANDLE, 1, STATUS_OBJECT_NAME_INVALID },
    { L"\\AGENT", OBJ_KERNEL_HANDLE, 1, STATUS_OBJECT_NAME_COLLISION }, { L"\\other", OBJ_KERNEL_HANDLE, 1, STATUS_SUCCESS },
  };
  for (unsigned i = 0; i < RTL_NUMBER_OF(rows); i++)
    if (port_create(driver->filter, rows[i].name, rows[i].attributes, rows[i].connections_max, &driver->clients[0]) != rows[i].expected)
      note_number("row", i);
}

static void parameters_setup(void) { driver_setup(1, parameters_entry); }
static void parameters_check(const HarnessRun *run) { EXPECT_NOTES(run, ""); }

/* A service that starts before the driver tries again every 10 ms. */
static void early_setup(void) {
  static const UserOperation script[] = { { .kind = USER_CONNECT, .name = "\\later" }, { .kind = USER_EXIT } };
  driver_setup(1, NULL);
  SERVICE(user_process_create("agent"), script);
}

static void later_open(void *argument) {
  UNREFERENCED_PARAMETER(argument);
  port_create(driver->filter, L"\\later", OBJ_KERNEL_HANDLE, 1, &driver->clients[3]);
}

static void early_open_setup(void) {
  early_setup();
  driver_thread("opens", later_open, 100 * MS);
}

static void early_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "connect=0 disconnect");
  EXPECT_EQUAL(call_status(run, 0), STATUS_OBJECT_NAME_NOT_FOUND);
  EXPECT_EQUAL(run->stop, SIM_STOP_QUIET);
}

/* ---- F-PRT-2 ---- */

static void send_to_second(void *argument) {
  UNREFERENCED_PARAMETER(argument);
  message_send(1, 0, 0);
}

static void own_queues_setup(void) {
  driver_setup(2, NULL);
  SERVICE(user_process_create("first"), gets);
  SERVICE(user_process_create("second"), gets);
  driver_thread("sender", send_to_second, 10 * MS);
}

static void own_queues_check(const HarnessRun *run) {
  const SimEvent *take = event_at(run, EVENT_MESSAGE_TAKE, 0);
  EXPECT_NOTES(run, "connect=0 connect=0 sent disconnect"); /* the first waits on */
  EXPECT_EQUAL(event_count(run, EVENT_MESSAGE_TAKE), 1);
  EXPECT(take != NULL);
  EXPECT_EQUAL(event_count(run, EVENT_PORT_DISCONNECT), 1);
}

static void close_client(void) { FltCloseClientPort(driver->filter, &driver->clients[0]); }

static void closes_setup(void) {
  driver_setup(1, NULL);
  driver_on_disconnect = close_client;
  SERVICE(user_process_create("agent"), disconnects);
  driver_thread("sender", send_to_second, 10 * MS); /* through a variable that was never set */
}

static void closes_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "connect=0 disconnect disconnected"); /* once, though the thread ends, too */
  EXPECT(driver->clients[0] == NULL);
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT), 0);
}

/* The connection lives on without its server port. */
static void close_server_and_send(void *argument) {
  UNREFERENCED_PARAMETER(argument);
  FltCloseCommunicationPort(driver->server);
  message_send(0, sizeof(ULONG), 0);
  note_number("reply", driver->reply[0]);
}

static void server_first_setup(void) {
  driver_setup(1, NULL);
  driver_on_disconnect = close_client;
  SERVICE(user_process_create("agent"), serves);
  driver_thread("sender", close_server_and_send, 10 * MS);
}

static void server_first_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "connect=0 disconnect sent reply=7"); /* the service is gone by the time its reply is looked at */
  EXPECT_EQUAL(run->stop, SIM_STOP_QUIET);
}

/* ConnectNotify closes the very port it is of, and refuses. */
static void close_server(void) { FltCloseCommunicationPort(driver->server); }

static void server_in_connect_setup(void) {
  driver_setup(1, NULL);
  driver->answer = STATUS_UNSUCCESSFUL;
  driver_on_connect = close_server;
  SERVICE(user_process_create("agent"), connects);
}

static void server_in_connect_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "connect=0");
  EXPECT_EQUAL(call_status(run, 0), STATUS_UNSUCCESSFUL);
  EXPECT_EQUAL(run->stop, SIM_STOP_QUIET);
}

/* While a sender is inside, a connection that was refused is not gone. */
static void refused_while_sending(void) {
  driver_thread("sender", send_to_second, 0);
  driver->clients[1] = driver->clients[0];
  KeDelayExecutionThread(KernelMode, FALSE, &(LARGE_INTEGER){ .QuadPart = -10 * 10000 });
}

static void refused_setup(void) {
  driver_setup(1, NULL);
  driver->answer = STATUS_UNSUCCESSFUL;
  driver_on_connect = refused_while_sending;
  SERVICE(user_process_create("agent"), connects);
}

static void refused_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "connect=0 disconnected");
  EXPECT(flt_client_port_at((uint64_t)driver->clients[1]) == NULL); /* now it is */
}

/* A pointer that both sides have given up names nothing. */
static void send_stale(void *argument) {
  UNREFERENCED_PARAMETER(argument);
  driver->clients[1] = driver->clients[0];
  FltCloseClientPort(driver->filter, &driver->clients[0]);
  message_send(1, 0, 0);
}

static void stale_setup(void) {
  driver_setup(1, NULL);
  SERVICE(user_process_create("agent"), disconnects);
  driver_thread("sender", send_stale, 10 * MS);
}

static void stale_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "connect=0 disconnect disconnected");
  EXPECT(flt_client_port_at((uint64_t)driver->clients[1]) == NULL);
  EXPECT_EQUAL(event_count(run, EVENT_MESSAGE_SEND), 0);
  EXPECT(event_count(run, EVENT_CONTRACT) > 0);
}

/* ---- F-UNL-1 ---- */

static void unregister(void *argument) {
  UNREFERENCED_PARAMETER(argument);
  note("unregister");
  FltUnregisterFilter(driver->filter);
  note("unregistered");
}

static void port_open_setup(void) {
  driver_setup(1, NULL);
  driver_thread("unloads", unregister, 10 * MS);
}

static void port_open_check(const HarnessRun *run) { EXPECT_NOTES(run, "unregister"); /* never returns */ }

static void close_and_unregister(void *argument) {
  FltCloseCommunicationPort(driver->server);
  unregister(argument);
}

static void port_closed_setup(void) {
  driver_setup(1, NULL);
  driver_on_disconnect = close_client;
  SERVICE(user_process_create("agent"), gets);
  driver_thread("unloads", close_and_unregister, 10 * MS);
}

static void port_closed_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "connect=0 unregister disconnect unregistered"); /* and not again when the service's thread ends */
  EXPECT_EQUAL(call_status(run, 1), STATUS_PORT_DISCONNECTED);
  EXPECT_EQUAL(run->stop, SIM_STOP_QUIET);
}

/* ---- without end ---- */

/* A service that comes and goes thousands of times takes no guest memory with it. */
static void count_again(void) { driver->client_count = 0; }

static void comes_and_goes_setup(void) {
  static const UserOperation script[] = { { .kind = USER_REPEAT, .value = 5000, .body_count = 2 },
                                          { .kind = USER_CONNECT, .name = PORT_NAME },
                                          { .kind = USER_DISCONNECT } };
  driver_setup(1, NULL);
  driver_on_connect = count_again;
  driver_on_disconnect = close_client;
  SERVICE(user_process_create("agent"), script);
}

static void comes_and_goes_check(const HarnessRun *run) {
  EXPECT_EQUAL(run->stop, SIM_STOP_QUIET);
  EXPECT_EQUAL(event_count(run, EVENT_PORT_CONNECT), 5000);
  EXPECT(sim_machine()->guest_pages_used < 500);
}

static const HarnessCase cases[] = {
  { .name = "F_PRT_1 a port listens at once, and is told in the thread that connects", .setup = listens_setup, .check = listens_check },
  { .name = "F_PRT_1 a refused connect leaves nothing", .setup = refuses_setup, .check = refuses_check },
  { .name = "F_PRT_1 no more connections than the port is for", .setup = no_more_setup, .check = no_more_check },
  { .name = "F_PRT_1 parameters", .setup = parameters_setup, .check = parameters_check },
  { .name = "F_PRT_1 a service that is earlier than the driver", .setup = early_open_setup, .check = early_check },
  { .name = "F_PRT_2 each connection has its own queue", .setup = own_queues_setup, .check = own_queues_check },
  { .name = "F_PRT_2 DisconnectNotify once; the variable becomes NULL", .setup = closes_setup, .check = closes_check },
  { .name = "F_PRT_2 a connection outlives its server port", .setup = server_first_setup, .check = server_first_check },
  { .name = "F_PRT_2 the server port is closed in its ConnectNotify", .setup = server_in_connect_setup, .check = server_in_connect_check },
  { .name = "F_PRT_2 refused while a message is on its way", .cpus = 2, .setup = refused_setup, .check = refused_check },
  { .name = "F_PRT_2 a pointer that was given up", .setup = stale_setup, .check = stale_check },
  { .name = "F_UNL_1 unregistering with the server port open", .setup = port_open_setup, .check = port_open_check },
  { .name = "F_UNL_1 unregistering disconnects", .setup = port_closed_setup, .check = port_closed_check },
  { .name = "a service that comes and goes for ever", .setup = comes_and_goes_setup, .check = comes_and_goes_check },
};

int main(void) { return harness_main("flt port", cases, RTL_NUMBER_OF(cases)); }
