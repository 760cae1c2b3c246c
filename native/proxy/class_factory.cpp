#include "class_factory.h"

#include "event_log.h"
#include "guard.h"
#include "marshal/reach.h"
#include "marshal/unmarshaler.h"
#include "original.h"
#include "server_object.h"

namespace understudy {

STDMETHODIMP ClassFactory::CreateInstance(IUnknown* outer, REFIID iid, void** out) {
  if (!out) return E_POINTER;
  *out = nullptr;
  if (outer) return CLASS_E_NOAGGREGATION;
  // The EXE must not end under it.
  const ModuleReference in_use;
  return Safely([&]() -> HRESULT {
    // COM unmarshals what the EXE's marshaler wrote.
    if (iid == IID_IMarshal) return ComPtr<Unmarshaler>::Adopt(new Unmarshaler(about_))->QueryInterface(iid, out);
    const BrokerSettings broker = ReadBrokerSettings();
    if (const auto session = Session::Open(about_, broker)) {
      const auto server = ComPtr<ServerObject>::Adopt(new ServerObject(session));
      // A callback that finds the client's process gone ends the session: nothing is asked of the plant for nobody. (The
      // DLL lives in that process, so this is for the EXE; COM itself releases the objects of the dead only later.)
      if (Module::IsProgram()) {
        session->on_client_gone = [weak = std::weak_ptr<Session>(session)] {
          if (const auto self = weak.lock()) self->Close();
        };
        if (CanClientsLoadProxy(about_.clsid, broker.local_clients)) server->MoveToClients();
      }
      return server->QueryInterface(iid, out);
    }
    if (about_.is_original_forbidden) {
      Report(Severity::kError, L"No broker answers for \"" + about_.target +
                                   L"\", and the original server must not be handed out. Start the broker, or allow the original.");
      return CO_E_SERVER_EXEC_FAILURE;
    }
    const HRESULT result = CreateOriginal(about_, iid, out);
    if (SUCCEEDED(result)) {
      Report(Severity::kWarning, L"No broker answers for \"" + about_.target +
                                     L"\". The client was given the original server and has no redundancy until it connects again.");
      return result;
    }
    Report(Severity::kError, L"No broker answers for \"" + about_.target + L"\", and the original server cannot be started either.");
    return result == REGDB_E_CLASSNOTREG ? CO_E_SERVER_EXEC_FAILURE : result;
  });
}

STDMETHODIMP ClassFactory::LockServer(BOOL lock) {
  if (lock) Module::AddRef();
  else Module::Release();
  return S_OK;
}

}  // namespace understudy
