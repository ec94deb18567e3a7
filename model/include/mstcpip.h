/* <mstcpip.h>: the tests of IPv4 and IPv6 addresses that kernel code uses. Documented under win32 mstcpip/. */
#pragma once

#include <ws2ipdef.h>

#define IN4_IS_ADDR_UNSPECIFIED(address) ((address)->S_un.S_addr == 0)
#define IN4_IS_ADDR_LOOPBACK(address) ((address)->S_un.S_un_b.s_b1 == 127)
#define IN4_IS_ADDR_BROADCAST(address) ((address)->S_un.S_addr == 0xffffffffU)
#define IN4_IS_ADDR_MULTICAST(address) (((address)->S_un.S_un_b.s_b1 & 0xf0) == 0xe0)
#define IN4_IS_ADDR_LINKLOCAL(address) ((address)->S_un.S_un_b.s_b1 == 169 && (address)->S_un.S_un_b.s_b2 == 254)
#define IN4_IS_ADDR_MC_LINKLOCAL(address)                                                                                                  \
  ((address)->S_un.S_un_b.s_b1 == 224 && (address)->S_un.S_un_b.s_b2 == 0 && (address)->S_un.S_un_b.s_b3 == 0)
#define IN4_IS_ADDR_MC_ADMINLOCAL(address) ((address)->S_un.S_un_b.s_b1 == 239 && (address)->S_un.S_un_b.s_b2 == 255)
#define IN4_IS_ADDR_MC_SITELOCAL(address)                                                                                                  \
  ((address)->S_un.S_un_b.s_b1 == 239 && ((address)->S_un.S_un_b.s_b2 & 0xc0) == 0xc0 && !IN4_IS_ADDR_MC_ADMINLOCAL(address))
#define IN4_IS_ADDR_RFC1918(address)                                                                                                       \
  ((address)->S_un.S_un_b.s_b1 == 10 || ((address)->S_un.S_un_b.s_b1 == 172 && ((address)->S_un.S_un_b.s_b2 & 0xf0) == 16) ||              \
   ((address)->S_un.S_un_b.s_b1 == 192 && (address)->S_un.S_un_b.s_b2 == 168))
#define IN4_ADDR_EQUAL(left, right) ((left)->S_un.S_addr == (right)->S_un.S_addr)

FORCEINLINE BOOLEAN INET_ADDR_EQUAL(ADDRESS_FAMILY af, const VOID *left, const VOID *right) {
  return !memcmp(left, right, af == AF_INET6 ? sizeof(IN6_ADDR) : sizeof(IN_ADDR));
}

FORCEINLINE UCHAR *INETADDR_ADDRESS(const SOCKADDR *address) {
  return address->sa_family == AF_INET6 ? (UCHAR *)&((SOCKADDR_IN6 *)address)->sin6_addr : (UCHAR *)&((SOCKADDR_IN *)address)->sin_addr;
}

FORCEINLINE VOID INETADDR_SET_ADDRESS(SOCKADDR *address, const UCHAR *bytes) {
  memcpy(INETADDR_ADDRESS(address), bytes, address->sa_family == AF_INET6 ? sizeof(IN6_ADDR) : sizeof(IN_ADDR));
}

/* The port is at the same place in both families. */
FORCEINLINE USHORT INETADDR_PORT(const SOCKADDR *address) { return ((const SOCKADDR_IN *)address)->sin_port; }

FORCEINLINE VOID INETADDR_SET_PORT(SOCKADDR *address, USHORT port) { ((SOCKADDR_IN *)address)->sin_port = port; }

FORCEINLINE BOOLEAN INETADDR_ISANY(const SOCKADDR *address) {
  return address->sa_family == AF_INET6 ? IN6_IS_ADDR_UNSPECIFIED(&((const SOCKADDR_IN6 *)address)->sin6_addr)
                                        : IN4_IS_ADDR_UNSPECIFIED(&((const SOCKADDR_IN *)address)->sin_addr);
}

FORCEINLINE BOOLEAN INETADDR_ISLOOPBACK(const SOCKADDR *address) {
  return address->sa_family == AF_INET6 ? IN6_IS_ADDR_LOOPBACK(&((const SOCKADDR_IN6 *)address)->sin6_addr)
                                        : IN4_IS_ADDR_LOOPBACK(&((const SOCKADDR_IN *)address)->sin_addr);
}

FORCEINLINE VOID INETADDR_SETLOOPBACK(SOCKADDR *address) {
  UCHAR *bytes = INETADDR_ADDRESS(address);
  BOOLEAN v6 = address->sa_family == AF_INET6;

  memset(bytes, 0, v6 ? sizeof(IN6_ADDR) : sizeof(IN_ADDR));
  bytes[0] = v6 ? 0 : 127;
  bytes[v6 ? 15 : 3] = 1;
}

FORCEINLINE VOID IN6_SET_ADDR_V4MAPPED(IN6_ADDR *address, const IN_ADDR *v4) {
  memset(address, 0, sizeof(*address));
  address->u.Word[5] = 0xffff;
  memcpy(&address->u.Byte[12], v4, sizeof(*v4));
}

FORCEINLINE const UCHAR *IN6_GET_ADDR_V4MAPPED(const IN6_ADDR *address) { return &address->u.Byte[12]; }
