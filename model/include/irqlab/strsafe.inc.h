/* The safe string functions for one character type. ntstrsafe.h defines STRSAFE_CHAR, STRSAFE_NAME(stem) -> stem##A or stem##W and
 * STRSAFE_FORMAT, and includes this file twice. Sizes are counted in bytes (Cb) or characters (Cch); a result that does not fit is cut off,
 * ended with a NUL and reported as STATUS_BUFFER_OVERFLOW. */

#define STRSAFE_FUNCTION static __inline__ __attribute__((__unused__))
#define STRSAFE_CCH(bytes) ((bytes) / sizeof(STRSAFE_CHAR))

/* The length of at most length_max characters; a text without an end in them is invalid. */
STRSAFE_FUNCTION NTSTATUS STRSAFE_NAME(RtlStringCchLength)(const STRSAFE_CHAR *psz, size_t cchMax, size_t *pcchLength) {
  size_t length = 0;

  if (psz == NULL || cchMax > NTSTRSAFE_MAX_CCH)
    return STATUS_INVALID_PARAMETER;
  while (length < cchMax && psz[length] != 0)
    length++;
  if (pcchLength != NULL)
    *pcchLength = length < cchMax ? length : 0;
  return length < cchMax ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

/* Puts at most cchToCopy characters of pszSrc at position cchAt of pszDest, and says where it ended. */
STRSAFE_FUNCTION NTSTATUS STRSAFE_NAME(irqlab_string_put)(STRSAFE_CHAR *pszDest, size_t cchDest, size_t cchAt, const STRSAFE_CHAR *pszSrc,
                                                          size_t cchToCopy, size_t *pcchEnd) {
  size_t at = cchAt;

  if (pszDest == NULL || cchDest == 0 || cchDest > NTSTRSAFE_MAX_CCH)
    return STATUS_INVALID_PARAMETER;
  while (cchToCopy != 0 && pszSrc != NULL && *pszSrc != 0) {
    if (at + 1 >= cchDest) {
      pszDest[cchDest - 1] = 0;
      *pcchEnd = cchDest - 1;
      return STATUS_BUFFER_OVERFLOW;
    }
    pszDest[at++] = *pszSrc++;
    cchToCopy--;
  }
  pszDest[at] = 0;
  *pcchEnd = at;
  return STATUS_SUCCESS;
}

STRSAFE_FUNCTION NTSTATUS STRSAFE_NAME(RtlStringCchCopyN)(STRSAFE_CHAR *pszDest, size_t cchDest, const STRSAFE_CHAR *pszSrc,
                                                          size_t cchToCopy) {
  size_t end;

  return STRSAFE_NAME(irqlab_string_put)(pszDest, cchDest, 0, pszSrc, cchToCopy, &end);
}

STRSAFE_FUNCTION NTSTATUS STRSAFE_NAME(RtlStringCchCatN)(STRSAFE_CHAR *pszDest, size_t cchDest, const STRSAFE_CHAR *pszSrc,
                                                         size_t cchToAppend) {
  size_t at, end;
  NTSTATUS status = STRSAFE_NAME(RtlStringCchLength)(pszDest, cchDest, &at);

  return NT_SUCCESS(status) ? STRSAFE_NAME(irqlab_string_put)(pszDest, cchDest, at, pszSrc, cchToAppend, &end) : status;
}

STRSAFE_FUNCTION NTSTATUS STRSAFE_NAME(RtlStringCchCopy)(STRSAFE_CHAR *pszDest, size_t cchDest, const STRSAFE_CHAR *pszSrc) {
  return STRSAFE_NAME(RtlStringCchCopyN)(pszDest, cchDest, pszSrc, NTSTRSAFE_MAX_CCH);
}

STRSAFE_FUNCTION NTSTATUS STRSAFE_NAME(RtlStringCchCat)(STRSAFE_CHAR *pszDest, size_t cchDest, const STRSAFE_CHAR *pszSrc) {
  return STRSAFE_NAME(RtlStringCchCatN)(pszDest, cchDest, pszSrc, NTSTRSAFE_MAX_CCH);
}

STRSAFE_FUNCTION NTSTATUS STRSAFE_NAME(RtlStringCchVPrintf)(STRSAFE_CHAR *pszDest, size_t cchDest, const STRSAFE_CHAR *pszFormat,
                                                            va_list argList) {
  int length;

  if (pszDest == NULL || cchDest == 0 || cchDest > NTSTRSAFE_MAX_CCH)
    return STATUS_INVALID_PARAMETER;
  length = STRSAFE_FORMAT(pszDest, cchDest - 1, pszFormat, argList);
  if (length < 0 || (size_t)length > cchDest - 1) {
    pszDest[cchDest - 1] = 0;
    return STATUS_BUFFER_OVERFLOW;
  }
  pszDest[length] = 0;
  return STATUS_SUCCESS;
}

STRSAFE_FUNCTION NTSTATUS STRSAFE_NAME(RtlStringCchPrintf)(STRSAFE_CHAR *pszDest, size_t cchDest, const STRSAFE_CHAR *pszFormat, ...) {
  va_list arguments;
  NTSTATUS status;

  va_start(arguments, pszFormat);
  status = STRSAFE_NAME(RtlStringCchVPrintf)(pszDest, cchDest, pszFormat, arguments);
  va_end(arguments);
  return status;
}

/* As above, counted in bytes */
STRSAFE_FUNCTION NTSTATUS STRSAFE_NAME(RtlStringCbLength)(const STRSAFE_CHAR *psz, size_t cbMax, size_t *pcbLength) {
  NTSTATUS status = STRSAFE_NAME(RtlStringCchLength)(psz, STRSAFE_CCH(cbMax), pcbLength);

  if (pcbLength != NULL && NT_SUCCESS(status))
    *pcbLength *= sizeof(STRSAFE_CHAR);
  return status;
}

STRSAFE_FUNCTION NTSTATUS STRSAFE_NAME(RtlStringCbCopy)(STRSAFE_CHAR *pszDest, size_t cbDest, const STRSAFE_CHAR *pszSrc) {
  return STRSAFE_NAME(RtlStringCchCopy)(pszDest, STRSAFE_CCH(cbDest), pszSrc);
}

STRSAFE_FUNCTION NTSTATUS STRSAFE_NAME(RtlStringCbCopyN)(STRSAFE_CHAR *pszDest, size_t cbDest, const STRSAFE_CHAR *pszSrc,
                                                         size_t cbToCopy) {
  return STRSAFE_NAME(RtlStringCchCopyN)(pszDest, STRSAFE_CCH(cbDest), pszSrc, STRSAFE_CCH(cbToCopy));
}

STRSAFE_FUNCTION NTSTATUS STRSAFE_NAME(RtlStringCbCat)(STRSAFE_CHAR *pszDest, size_t cbDest, const STRSAFE_CHAR *pszSrc) {
  return STRSAFE_NAME(RtlStringCchCat)(pszDest, STRSAFE_CCH(cbDest), pszSrc);
}

STRSAFE_FUNCTION NTSTATUS STRSAFE_NAME(RtlStringCbCatN)(STRSAFE_CHAR *pszDest, size_t cbDest, const STRSAFE_CHAR *pszSrc,
                                                        size_t cbToAppend) {
  return STRSAFE_NAME(RtlStringCchCatN)(pszDest, STRSAFE_CCH(cbDest), pszSrc, STRSAFE_CCH(cbToAppend));
}

STRSAFE_FUNCTION NTSTATUS STRSAFE_NAME(RtlStringCbVPrintf)(STRSAFE_CHAR *pszDest, size_t cbDest, const STRSAFE_CHAR *pszFormat,
                                                           va_list argList) {
  return STRSAFE_NAME(RtlStringCchVPrintf)(pszDest, STRSAFE_CCH(cbDest), pszFormat, argList);
}

STRSAFE_FUNCTION NTSTATUS STRSAFE_NAME(RtlStringCbPrintf)(STRSAFE_CHAR *pszDest, size_t cbDest, const STRSAFE_CHAR *pszFormat, ...) {
  va_list arguments;
  NTSTATUS status;

  va_start(arguments, pszFormat);
  status = STRSAFE_NAME(RtlStringCchVPrintf)(pszDest, STRSAFE_CCH(cbDest), pszFormat, arguments);
  va_end(arguments);
  return status;
}

#undef STRSAFE_CCH
