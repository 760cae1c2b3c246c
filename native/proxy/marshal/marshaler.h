// How the EXE's server object travels: to a client on this machine as data from which the DLL makes the object in the
// client's own process, to all others by COM's standard marshaling.
#pragma once

#include "../../common/com/com_object.h"
#include "../../common/com/com_ptr.h"
#include "../module.h"
#include "passport.h"

namespace understudy {

// The IMarshal of `owner`, which it is part of: any other interface is the owner's.
class Marshaler : public ComObject<IMarshal> {
 public:
  // `standard`: what marshals where this one does not (the free-threaded marshaler).
  Marshaler(ComPtr<IUnknown> owner, ComPtr<IMarshal> standard, REFCLSID clsid, Passport passport);

  STDMETHODIMP QueryInterface(REFIID iid, void** out) override;
  STDMETHODIMP GetUnmarshalClass(REFIID iid, void* object, DWORD context, void* reserved, DWORD flags, CLSID* clsid) override;
  STDMETHODIMP GetMarshalSizeMax(REFIID iid, void* object, DWORD context, void* reserved, DWORD flags, DWORD* size) override;
  STDMETHODIMP MarshalInterface(IStream* stream, REFIID iid, void* object, DWORD context, void* reserved, DWORD flags) override;
  STDMETHODIMP UnmarshalInterface(IStream* stream, REFIID iid, void** out) override;
  STDMETHODIMP ReleaseMarshalData(IStream* stream) override;
  STDMETHODIMP DisconnectObject(DWORD reserved) override;

 private:
  HRESULT StandardFor(REFIID iid, DWORD context, void* reserved, DWORD flags, ComPtr<IMarshal>& standard) const;

  const ModuleReference module_;
  const ComPtr<IUnknown> owner_;
  const ComPtr<IMarshal> standard_;
  const CLSID clsid_;
  const Passport passport_;
};

}  // namespace understudy
