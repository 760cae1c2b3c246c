#include "marshaler.h"

#include <objbase.h>

#include "../guard.h"

namespace understudy {
namespace {

// Another process of this machine takes the pointer once. Pointers in tables are taken any number of times, and other
// machines have no DLL of ours.
bool IsForOneLocalClient(DWORD context, DWORD flags) {
  return context == MSHCTX_LOCAL && (flags == MSHLFLAGS_NORMAL || flags == MSHLFLAGS_NOPING);
}

}  // namespace

Marshaler::Marshaler(ComPtr<IUnknown> owner, ComPtr<IMarshal> standard, REFCLSID clsid, Passport passport)
    : owner_(std::move(owner)), standard_(std::move(standard)), clsid_(clsid), passport_(std::move(passport)) {}

STDMETHODIMP Marshaler::QueryInterface(REFIID iid, void** out) {
  if (IsEqualIID(iid, IID_IMarshal)) return ComObject::QueryInterface(iid, out);
  return owner_->QueryInterface(iid, out);
}

HRESULT Marshaler::StandardFor(REFIID iid, DWORD context, void* reserved, DWORD flags, ComPtr<IMarshal>& standard) const {
  return CoGetStandardMarshal(iid, owner_.get(), context, reserved, flags, standard.Out());
}

STDMETHODIMP Marshaler::GetUnmarshalClass(REFIID iid, void* object, DWORD context, void* reserved, DWORD flags, CLSID* clsid) {
  if (!clsid) return E_POINTER;
  if (!IsForOneLocalClient(context, flags)) return standard_->GetUnmarshalClass(iid, object, context, reserved, flags, clsid);
  // The proxy's own class: the DLL is found under it, and makes an unmarshaler where it is asked for IMarshal.
  *clsid = clsid_;
  return S_OK;
}

STDMETHODIMP Marshaler::GetMarshalSizeMax(REFIID iid, void* object, DWORD context, void* reserved, DWORD flags, DWORD* size) {
  if (!size) return E_POINTER;
  if (!IsForOneLocalClient(context, flags)) return standard_->GetMarshalSizeMax(iid, object, context, reserved, flags, size);
  ULONG rest = 0;
  const HRESULT result = CoGetMarshalSizeMax(&rest, iid, owner_.get(), MSHCTX_DIFFERENTMACHINE, nullptr, flags);
  if (FAILED(result)) return result;
  *size = passport_.size() + rest;
  return S_OK;
}

STDMETHODIMP Marshaler::MarshalInterface(IStream* stream, REFIID iid, void* object, DWORD context, void* reserved, DWORD flags) {
  if (!stream) return E_POINTER;
  if (!IsForOneLocalClient(context, flags)) return standard_->MarshalInterface(stream, iid, object, context, reserved, flags);
  return Safely([&]() -> HRESULT {
    ComPtr<IMarshal> standard;
    HRESULT result = StandardFor(iid, context, reserved, flags, standard);
    if (SUCCEEDED(result)) result = passport_.Write(stream);
    // It holds the EXE's object until the client has taken the pointer or given it up.
    return SUCCEEDED(result) ? standard->MarshalInterface(stream, iid, owner_.get(), context, reserved, flags) : result;
  });
}

// COM asks the class of the data for these two, which is the DLL's unmarshaler for what is written above.
STDMETHODIMP Marshaler::UnmarshalInterface(IStream* stream, REFIID iid, void** out) {
  return standard_->UnmarshalInterface(stream, iid, out);
}

STDMETHODIMP Marshaler::ReleaseMarshalData(IStream* stream) { return standard_->ReleaseMarshalData(stream); }

STDMETHODIMP Marshaler::DisconnectObject(DWORD reserved) {
  const HRESULT result = standard_->DisconnectObject(reserved);
  // The references inside what was written for clients are of the standard marshaler.
  ComPtr<IMarshal> standard;
  if (SUCCEEDED(StandardFor(IID_IUnknown, MSHCTX_LOCAL, nullptr, MSHLFLAGS_NORMAL, standard))) standard->DisconnectObject(reserved);
  return result;
}

}  // namespace understudy
