/* mingw-w64's ws2ipdef.h on our ws2def.h, and the tests of IPv6 addresses that it keeps in ws2tcpip.h. */
#pragma once

#include <ws2def.h>

#define IN6_ADDR_EQUAL irqlab_unused_IN6_ADDR_EQUAL

#include_next <ws2ipdef.h>

#undef IN6_ADDR_EQUAL
#undef IN6_ARE_ADDR_EQUAL
#define IN6_ADDR_EQUAL(left, right) (!memcmp((left), (right), sizeof(IN6_ADDR)))
#define IN6_ARE_ADDR_EQUAL IN6_ADDR_EQUAL

#define IN6_IS_ADDR_UNSPECIFIED(address) irqlab_in6_is_ending_in((address), 0)
#define IN6_IS_ADDR_LOOPBACK(address) irqlab_in6_is_ending_in((address), 1)
#define IN6_IS_ADDR_MULTICAST(address) ((address)->u.Byte[0] == 0xff)
#define IN6_IS_ADDR_MC_GLOBAL(address) (IN6_IS_ADDR_MULTICAST(address) && ((address)->u.Byte[1] & 0xf) == 0xe)
#define IN6_IS_ADDR_LINKLOCAL(address) ((address)->u.Byte[0] == 0xfe && ((address)->u.Byte[1] & 0xc0) == 0x80)
#define IN6_IS_ADDR_SITELOCAL(address) ((address)->u.Byte[0] == 0xfe && ((address)->u.Byte[1] & 0xc0) == 0xc0)
#define IN6_IS_ADDR_V4MAPPED(address) irqlab_in6_is_v4mapped(address)

FORCEINLINE BOOLEAN irqlab_in6_is_zero(const IN6_ADDR *address, int words) {
  int i = 0;

  while (i < words && address->u.Word[i] == 0)
    i++;
  return i == words;
}

FORCEINLINE BOOLEAN irqlab_in6_is_ending_in(const IN6_ADDR *address, UCHAR last) {
  return irqlab_in6_is_zero(address, 7) && address->u.Byte[14] == 0 && address->u.Byte[15] == last;
}

FORCEINLINE BOOLEAN irqlab_in6_is_v4mapped(const IN6_ADDR *address) {
  return irqlab_in6_is_zero(address, 5) && address->u.Word[5] == 0xffff;
}
