#include "unmarshaler.h"

#include <objbase.h>

#include "../event_log.h"
#include "../guard.h"
#include "../server_object.h"
#include "../text.h"
#include "arrivals.h"

namespace understudy {

namespace {

// Gives up the EXE's object. By taking and releasing it: Wine's CoReleaseMarshalData works in the process of the object
// alone.
HRESULT LetGo(IStream* stream, REFIID iid) {
  ComPtr<IUnknown> object;
  return CoUnmarshalInterface(stream, iid, object.OutVoid());
}

}  // namespace

HRESULT Unmarshaler::MakeHere(const Passport& passport, REFIID iid, void** out) const {
  if (const auto known = Arrival::Find(passport.instance)) return known->QueryInterface(iid, out);
  // The registry may have changed since the EXE was started.
  if (passport.target != about_.target) return E_UNEXPECTED;
  const auto session = Session::Open(about_, ReadBrokerSettings());
  if (!session) return CO_E_SERVER_EXEC_FAILURE;
  const auto server = ComPtr<ServerObject>::Adopt(new ServerObject(session));
  const HRESULT result = server->QueryInterface(iid, out);
  if (SUCCEEDED(result)) server->Arrived(passport.instance);
  return result;
}

STDMETHODIMP Unmarshaler::UnmarshalInterface(IStream* stream, REFIID iid, void** out) {
  if (!out) return E_POINTER;
  *out = nullptr;
  if (!stream) return E_POINTER;
  return Safely([&]() -> HRESULT {
    Passport passport;
    const HRESULT read = Passport::Read(stream, passport);
    if (FAILED(read)) return read;
    const HRESULT made = Safely([&] { return MakeHere(passport, iid, out); });
    if (SUCCEEDED(made)) {
      // The EXE need not keep its object.
      LetGo(stream, iid);
      return made;
    }
    Report(Severity::kWarning, L"The client's process has no way of its own to the broker for \"" + about_.target +
                                   L"\"; it is served by understudy-da-proxy.exe, where each call takes longer.");
    return CoUnmarshalInterface(stream, iid, out);
  });
}

STDMETHODIMP Unmarshaler::ReleaseMarshalData(IStream* stream) {
  if (!stream) return E_POINTER;
  return Safely([&]() -> HRESULT {
    Passport passport;
    const HRESULT read = Passport::Read(stream, passport);
    return FAILED(read) ? read : LetGo(stream, IID_IUnknown);
  });
}

// Marshals nothing: the object that it made has a marshaler of its own.
STDMETHODIMP Unmarshaler::GetUnmarshalClass(REFIID, void*, DWORD, void*, DWORD, CLSID*) { return E_NOTIMPL; }
STDMETHODIMP Unmarshaler::GetMarshalSizeMax(REFIID, void*, DWORD, void*, DWORD, DWORD*) { return E_NOTIMPL; }
STDMETHODIMP Unmarshaler::MarshalInterface(IStream*, REFIID, void*, DWORD, void*, DWORD) { return E_NOTIMPL; }
STDMETHODIMP Unmarshaler::DisconnectObject(DWORD) { return S_OK; }

}  // namespace understudy
