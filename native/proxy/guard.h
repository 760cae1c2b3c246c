// The border to the client: nothing thrown passes it, no pointer is believed.
#pragma once

#include <windows.h>

#include <new>
#include <string>

namespace understudy {

// Most items a client may name in one call.
inline constexpr DWORD kMostItems = 1000000;

// Runs the body of a COM method.
template <class Body>
HRESULT Safely(Body body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return E_OUTOFMEMORY;
  } catch (...) {
    return E_FAIL;
  }
}

// Whether all these bytes are mapped and can be read: a wrong count must not crash the process it came from.
inline bool IsReadable(const void* data, size_t size) {
  if (!data) return false;
  auto at = reinterpret_cast<uintptr_t>(data);
  const uintptr_t end = at + size;
  if (end < at) return false;
  while (at < end) {
    MEMORY_BASIC_INFORMATION about;
    if (VirtualQuery(reinterpret_cast<const void*>(at), &about, sizeof about) == 0) return false;
    if (about.State != MEM_COMMIT || (about.Protect & (PAGE_NOACCESS | PAGE_GUARD)) != 0) return false;
    at = reinterpret_cast<uintptr_t>(about.BaseAddress) + about.RegionSize;
  }
  return true;
}

// An [in] array of `count` elements, at least one.
template <class T>
bool IsArray(const T* data, DWORD count) {
  return count > 0 && count <= kMostItems && IsReadable(data, size_t{count} * sizeof(T));
}

// The result that a client sees for what happened between us and the broker: COM's and the wire's own failures have no
// meaning to it and become E_FAIL, as the specifications have it.
inline HRESULT ClientResult(HRESULT result) {
  if (SUCCEEDED(result)) return result;
  switch (result) {
    case E_INVALIDARG:
    case E_OUTOFMEMORY:
    case E_NOTIMPL:
    case E_NOINTERFACE:
    case E_ACCESSDENIED:
    case E_FAIL:
      return result;
    default:
      break;
  }
  const auto facility = (static_cast<DWORD>(result) >> 16) & 0x1FFF;
  // FACILITY_ITF holds what the OPC specifications define.
  return facility == FACILITY_ITF || facility == FACILITY_DISPATCH ? result : E_FAIL;
}

}  // namespace understudy
