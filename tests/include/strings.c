/* What the safe strings and the address tests return. Exit code: the number of wrong rows. */
#include <ntddk.h>

#include <mstcpip.h>
#include <ntstrsafe.h>

int main(void);

#define CHECK(expression) (wrong += !(expression))

/* The guest's runtime is not linked: these stand for it, and always cut off. */
int _vsnprintf(char *buffer, size_t size, const char *format, va_list arguments) {
  (void)arguments;
  memcpy(buffer, format, size);
  return -1;
}

int _vsnwprintf(wchar_t *buffer, size_t length, const wchar_t *format, va_list arguments) {
  (void)arguments;
  memcpy(buffer, format, length * sizeof(*buffer));
  return 1;
}

static int texts(void) {
  int wrong = 0;
  WCHAR wide[4];
  CHAR narrow[4];
  size_t length = 9;

  CHECK(RtlStringCchCopyW(wide, 4, L"abc") == STATUS_SUCCESS && wide[2] == 'c' && wide[3] == 0);
  CHECK(RtlStringCchCopyW(wide, 4, L"abcd") == STATUS_BUFFER_OVERFLOW && wide[2] == 'c' && wide[3] == 0);
  CHECK(RtlStringCbCopyW(wide, 4, L"abc") == STATUS_BUFFER_OVERFLOW && wide[0] == 'a' && wide[1] == 0);
  CHECK(RtlStringCchCopyW(wide, 0, L"") == STATUS_INVALID_PARAMETER);
  CHECK(RtlStringCchCopyNA(narrow, 4, "abcd", 2) == STATUS_SUCCESS && narrow[1] == 'b' && narrow[2] == 0);
  CHECK(RtlStringCchCatA(narrow, 4, "c") == STATUS_SUCCESS && narrow[2] == 'c' && narrow[3] == 0);
  CHECK(RtlStringCchCatA(narrow, 4, "d") == STATUS_BUFFER_OVERFLOW && narrow[3] == 0);
  CHECK(RtlStringCbLengthW(L"ab", 6, &length) == STATUS_SUCCESS && length == 4);
  CHECK(RtlStringCchLengthA("abc", 3, &length) == STATUS_INVALID_PARAMETER && length == 0);
  CHECK(RtlStringCchPrintfA(narrow, 4, "xyzu") == STATUS_BUFFER_OVERFLOW && narrow[2] == 'z' && narrow[3] == 0);
  CHECK(RtlStringCchPrintfW(wide, 4, L"xyzu") == STATUS_SUCCESS && wide[0] == 'x' && wide[1] == 0);
  return wrong;
}

static int counted(void) {
  int wrong = 0;
  WCHAR buffer[4];
  UNICODE_STRING text = { 0, sizeof(buffer), buffer };
  UNICODE_STRING odd = { 1, sizeof(buffer), buffer };
  DECLARE_CONST_UNICODE_STRING(tail, L"xyz");

  CHECK(RtlUnicodeStringCopyString(&text, L"ab") == STATUS_SUCCESS && text.Length == 4);
  CHECK(RtlUnicodeStringCat(&text, &tail) == STATUS_BUFFER_OVERFLOW && text.Length == 8 && buffer[3] == 'y');
  CHECK(RtlUnicodeStringCopyString(&odd, L"ab") == STATUS_INVALID_PARAMETER);
  CHECK(RtlUnicodeStringCbCopyStringN(&text, L"abc", 2) == STATUS_SUCCESS && text.Length == 2);
  CHECK(RtlUnicodeStringInit(&text, L"abc") == STATUS_SUCCESS && text.Length == 6 && text.MaximumLength == 8);
  return wrong;
}

static int addresses(void) {
  int wrong = 0;
  IN_ADDR v4 = { .S_un.S_un_b = { 10, 1, 2, 3 } };
  IN6_ADDR v6;
  SOCKADDR_IN6 six = { .sin6_family = AF_INET6 };
  SOCKADDR_IN four = { .sin_family = AF_INET };

  CHECK(IN4_IS_ADDR_RFC1918(&v4) && !IN4_IS_ADDR_LOOPBACK(&v4) && !IN4_IS_ADDR_UNSPECIFIED(&v4));
  IN6_SET_ADDR_V4MAPPED(&v6, &v4);
  CHECK(IN6_IS_ADDR_V4MAPPED(&v6) && !IN6_IS_ADDR_LOOPBACK(&v6) && IN6_GET_ADDR_V4MAPPED(&v6)[3] == 3);
  CHECK(INETADDR_ISANY((SOCKADDR *)&six) && INETADDR_ISANY((SOCKADDR *)&four));
  INETADDR_SETLOOPBACK((SOCKADDR *)&six);
  INETADDR_SETLOOPBACK((SOCKADDR *)&four);
  CHECK(IN6_IS_ADDR_LOOPBACK(&six.sin6_addr) && INETADDR_ISLOOPBACK((SOCKADDR *)&four) && !IN6_IS_ADDR_LINKLOCAL(&six.sin6_addr));
  return wrong;
}

int main(void) { return texts() + counted() + addresses(); }
