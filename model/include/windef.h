/* <windef.h>: the old names of the basic types, without the user-mode headers mingw-w64's version brings. */
#pragma once

#include <ntdef.h>

typedef ULONG DWORD, *PDWORD, *LPDWORD;
typedef USHORT WORD, *PWORD, *LPWORD;
typedef UCHAR BYTE, *PBYTE, *LPBYTE;
typedef unsigned int UINT, *PUINT;
typedef float FLOAT, *PFLOAT;
typedef INT *PINT, *LPINT;
typedef VOID *LPVOID;
typedef CONST VOID *LPCVOID;

#ifndef WINAPI
#define WINAPI
#define CALLBACK
#define APIENTRY
#endif
