// A client's interface pointer that the delivery thread can use, whatever apartment it was given in.
#pragma once

#include <objbase.h>

#include "../common/com/com_ptr.h"

namespace understudy {

inline ComPtr<IGlobalInterfaceTable> GlobalInterfaceTable() {
  ComPtr<IGlobalInterfaceTable> table;
  CoCreateInstance(CLSID_StdGlobalInterfaceTable, nullptr, CLSCTX_INPROC_SERVER, __uuidof(IGlobalInterfaceTable), table.OutVoid());
  return table;
}

// In a multi-threaded apartment the pointer itself is held (the delivery thread is in it too); else the global interface
// table holds it and calls are made in the apartment it came from.
template <class I>
class AgilePointer {
 public:
  // S_OK, or why the pointer cannot be carried to another apartment.
  HRESULT Hold(const ComPtr<I>& pointer) {
    APTTYPE type;
    APTTYPEQUALIFIER qualifier;
    if (SUCCEEDED(CoGetApartmentType(&type, &qualifier)) && type == APTTYPE_MTA) {
      direct_ = pointer;
      return S_OK;
    }
    const auto table = GlobalInterfaceTable();
    if (!table) return E_FAIL;
    return table->RegisterInterfaceInGlobal(pointer.get(), __uuidof(I), &cookie_);
  }

  AgilePointer() = default;
  AgilePointer(const AgilePointer&) = delete;
  AgilePointer& operator=(const AgilePointer&) = delete;
  ~AgilePointer() { Drop(); }

  // For the calling thread; null where the client's apartment is gone.
  ComPtr<I> Get() const {
    if (!cookie_) return direct_;
    ComPtr<I> pointer;
    if (const auto table = GlobalInterfaceTable()) table->GetInterfaceFromGlobal(cookie_, __uuidof(I), pointer.OutVoid());
    return pointer;
  }

  void Drop() {
    direct_.Reset();
    if (!cookie_) return;
    if (const auto table = GlobalInterfaceTable()) table->RevokeInterfaceFromGlobal(cookie_);
    cookie_ = 0;
  }

 private:
  ComPtr<I> direct_;
  DWORD cookie_ = 0;
};

// Whether a call to a client failed because the client's process or apartment is gone.
inline bool IsClientGone(HRESULT result) {
  switch (static_cast<DWORD>(result)) {
    case 0x800706BA:  // RPC_S_SERVER_UNAVAILABLE
    case 0x800706BE:  // RPC_S_CALL_FAILED
    case 0x800706BF:  // RPC_S_CALL_FAILED_DNE
    case 0x80010007:  // RPC_E_SERVER_DIED
    case 0x80010012:  // RPC_E_SERVER_DIED_DNE
    case 0x80010108:  // RPC_E_DISCONNECTED
    case 0x800401FD:  // CO_E_OBJNOTCONNECTED
      return true;
    default:
      return false;
  }
}

// Of these, the ones that say that the whole process is gone.
inline bool IsProcessGone(HRESULT result) {
  const auto code = static_cast<DWORD>(result);
  return code == 0x800706BA || code == 0x800706BE || code == 0x800706BF;
}

}  // namespace understudy
