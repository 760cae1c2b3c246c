// The server object: groups, status, locale, shutdown notification.
#include "server_object.h"

#include "../common/com/enumerators.h"
#include "../common/com/error_text.h"
#include "guard.h"
#include "marshal/marshaler.h"
#include "text.h"

namespace understudy {
namespace {

// Asks the proxy who it is; native/wire/PROTOCOL.md.
constexpr HRESULT kWhoAreYou = static_cast<HRESULT>(0xA0545355);

uint64_t Now() {
  FILETIME now;
  GetSystemTimeAsFileTime(&now);
  return Number(now);
}

}  // namespace

ServerObject::ServerObject(std::shared_ptr<Session> session) : session_(std::move(session)) {}

ServerObject::~ServerObject() {
  arrival_.Leave();
  session_->Close();
  groups_->Clear();
}

STDMETHODIMP ServerObject::QueryInterface(REFIID iid, void** out) {
  if (!out) return E_POINTER;
  *out = nullptr;
  const auto lacks = [&](REFIID which, Session::Interface flag) { return iid == which && !session_->Has(flag); };
  if (lacks(__uuidof(IOPCBrowseServerAddressSpace), Session::kBrowseAddressSpace) ||
      lacks(__uuidof(IOPCItemProperties), Session::kItemProperties) || lacks(__uuidof(IOPCBrowse), Session::kBrowse) ||
      lacks(__uuidof(IOPCItemIO), Session::kItemIo)) {
    return E_NOINTERFACE;
  }
  if (iid == IID_IMarshal) return Safely([&] { return FindMarshaler(out); });
  return AgileObject::QueryInterface(iid, out);
}

void ServerObject::MoveToClients() {
  GUID instance;
  if (SUCCEEDED(CoCreateGuid(&instance))) instance_ = instance;
}

HRESULT ServerObject::FindMarshaler(void** out) {
  ComPtr<IMarshal> standard;
  const HRESULT result = AgileObject::QueryInterface(IID_IMarshal, standard.OutVoid());
  std::optional<GUID> instance;
  {
    const Lock lock(mutex_);
    instance = instance_;
  }
  if (FAILED(result) || !instance) {
    *out = standard.Detach();
    return result;
  }
  Passport passport;
  passport.instance = *instance;
  passport.target = session_->about().target;
  const ComPtr<IUnknown> self(static_cast<IOPCServer*>(this));
  *out = static_cast<IMarshal*>(new Marshaler(self, standard, session_->about().clsid, std::move(passport)));
  return S_OK;
}

STDMETHODIMP ServerObject::AddGroup(LPCWSTR name, BOOL active, DWORD requested_rate, OPCHANDLE client, LONG* time_bias, FLOAT* deadband,
                                    DWORD locale, OPCHANDLE* server_handle, DWORD* revised_rate, REFIID iid, LPUNKNOWN* out) {
  if (out) *out = nullptr;
  if (server_handle) *server_handle = 0;
  if (revised_rate) *revised_rate = 0;
  if (!out || !server_handle || !revised_rate) return E_INVALIDARG;
  if (deadband && !(*deadband >= 0 && *deadband <= 100)) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    GroupSettings settings;
    settings.name = WideOf(name);
    settings.is_active = active != FALSE;
    settings.requested_rate_ms = requested_rate;
    settings.update_rate_ms = requested_rate;
    settings.client = client;
    settings.locale = locale;
    if (deadband) settings.deadband_percent = *deadband;
    if (time_bias) {
      settings.time_bias_minutes = *time_bias;
    } else {
      TIME_ZONE_INFORMATION zone;
      GetTimeZoneInformation(&zone);
      settings.time_bias_minutes = zone.Bias;
    }
    std::shared_ptr<Group> group;
    const HRESULT added = session_->AddGroup(std::move(settings), group);
    if (FAILED(added)) return added;
    const HRESULT made = MakeGroupObject(session_, group, groups_, iid, out);
    if (FAILED(made)) return made;
    const Lock lock(group->mutex);
    *server_handle = group->id;
    *revised_rate = group->settings.update_rate_ms;
    return *revised_rate == requested_rate ? S_OK : OPC_S_UNSUPPORTEDRATE;
  });
}

HRESULT ServerObject::ErrorString(HRESULT error, LCID locale, LPWSTR* text) {
  if (!text) return E_INVALIDARG;
  *text = nullptr;
  return Safely([&]() -> HRESULT {
    std::wstring found;
    if (error == kWhoAreYou) {
      found = L"understudy " + GuidText(session_->about().original.value_or(CLSID{}));
    } else {
      // What the server itself says comes first; what everybody knows where it cannot be asked.
      wire::GetErrorString request;
      request.server = kServer;
      request.error = error;
      request.locale = locale;
      wire::ErrorStringAnswer answer;
      if (link().IsUp() && SUCCEEDED(link().Call(request, answer, Repeat::kAfterLoss)) && answer.text) found = Wide(*answer.text);
      else found = ErrorText(error);
    }
    if (found.empty()) return E_INVALIDARG;
    *text = TaskString(found);
    return *text ? S_OK : E_OUTOFMEMORY;
  });
}

STDMETHODIMP ServerObject::GetErrorString(HRESULT error, LCID locale, LPWSTR* text) { return ErrorString(error, locale, text); }

STDMETHODIMP ServerObject::GetErrorString(HRESULT error, LPWSTR* text) { return ErrorString(error, session_->locale(), text); }

STDMETHODIMP ServerObject::GetGroupByName(LPCWSTR name, REFIID iid, LPUNKNOWN* out) {
  if (!out) return E_INVALIDARG;
  *out = nullptr;
  if (!name) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    const auto object = groups_->FindByName(name);
    // The specification names E_INVALIDARG for a name that is not there.
    return object ? object->QueryInterface(iid, reinterpret_cast<void**>(out)) : E_INVALIDARG;
  });
}

STDMETHODIMP ServerObject::GetStatus(OPCSERVERSTATUS** status) {
  if (!status) return E_INVALIDARG;
  *status = nullptr;
  return Safely([&]() -> HRESULT {
    wire::GetStatus request;
    request.server = kServer;
    wire::StatusAnswer answer;
    // Without the broker the server object still lives, and says that it has no connection to its source.
    const bool is_answered = link().IsUp() && SUCCEEDED(link().Call(request, answer, Repeat::kAfterLoss));
    {
      const Lock lock(mutex_);
      if (is_answered) {
        last_status_ = answer;
      } else {
        answer = last_status_;
        answer.current_time = Now();
        answer.state = OPC_STATUS_COMM_FAULT;
      }
    }
    TaskArray<OPCSERVERSTATUS> given(1);
    if (!given) return E_OUTOFMEMORY;
    OPCSERVERSTATUS& to = given[0];
    to.ftStartTime = FileTime(answer.start_time);
    to.ftCurrentTime = FileTime(answer.current_time);
    to.ftLastUpdateTime = FileTime(answer.last_update_time);
    to.dwServerState = static_cast<OPCSERVERSTATE>(answer.state);
    to.dwGroupCount = static_cast<DWORD>(session_->GroupCount());
    to.dwBandWidth = answer.bandwidth;
    to.wMajorVersion = answer.major_version;
    to.wMinorVersion = answer.minor_version;
    to.wBuildNumber = answer.build_number;
    to.szVendorInfo = TaskString(answer.vendor_info ? Wide(*answer.vendor_info) : std::wstring());
    *status = given.Detach();
    return S_OK;
  });
}

STDMETHODIMP ServerObject::RemoveGroup(OPCHANDLE handle, BOOL force) {
  return Safely([&]() -> HRESULT {
    const auto object = groups_->Take(handle);
    if (!object) return OPC_E_INVALIDHANDLE;
    object->AddRef();
    const bool is_in_use = object->Release() > 1;
    // Still referenced: it ends with the client's last reference.
    if (is_in_use && !force) return OPC_S_INUSE;
    session_->RemoveGroup(handle);
    return S_OK;
  });
}

STDMETHODIMP ServerObject::CreateGroupEnumerator(OPCENUMSCOPE scope, REFIID iid, LPUNKNOWN* out) {
  if (!out) return E_INVALIDARG;
  *out = nullptr;
  if (scope < OPC_ENUM_PRIVATE_CONNECTIONS || scope > OPC_ENUM_ALL) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    std::vector<ComPtr<GroupObject>> groups;
    // There are no public groups.
    if (scope != OPC_ENUM_PUBLIC && scope != OPC_ENUM_PUBLIC_CONNECTIONS) groups = groups_->All();
    if (iid == IID_IEnumString) {
      std::vector<std::wstring> names;
      for (const auto& object : groups) {
        const Lock lock(object->group().mutex);
        names.push_back(object->group().settings.name);
      }
      *out = new StringEnumerator(std::move(names));
    } else if (iid == IID_IEnumUnknown || iid == IID_IUnknown) {
      std::vector<ComPtr<IUnknown>> objects;
      for (const auto& object : groups) objects.push_back(object.As<IUnknown>());
      *out = new UnknownEnumerator(std::move(objects));
    } else {
      return E_NOINTERFACE;
    }
    return groups.empty() ? S_FALSE : S_OK;
  });
}

STDMETHODIMP ServerObject::SetLocaleID(LCID locale) {
  return Safely([&]() -> HRESULT {
    wire::SetLocale request;
    request.server = kServer;
    request.locale = locale;
    wire::Nothing nothing;
    const HRESULT result = link().Call(request, nothing, Repeat::kAfterLoss);
    if (SUCCEEDED(result)) session_->SetLocale(locale);
    return ClientResult(result);
  });
}

STDMETHODIMP ServerObject::GetLocaleID(LCID* locale) {
  if (!locale) return E_INVALIDARG;
  *locale = session_->locale();
  return S_OK;
}

STDMETHODIMP ServerObject::QueryAvailableLocaleIDs(DWORD* count, LCID** locales) {
  if (count) *count = 0;
  if (locales) *locales = nullptr;
  if (!count || !locales) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    wire::QueryLocales request;
    request.server = kServer;
    wire::LocalesAnswer answer;
    const HRESULT result = link().Call(request, answer, Repeat::kAfterLoss);
    if (FAILED(result)) return ClientResult(result);
    TaskArray<LCID> given(answer.available.size());
    if (!given) return E_OUTOFMEMORY;
    for (size_t index = 0; index < answer.available.size(); ++index) given[index] = answer.available[index];
    *count = static_cast<DWORD>(answer.available.size());
    *locales = given.Detach();
    return S_OK;
  });
}

STDMETHODIMP ServerObject::SetClientName(LPCWSTR name) {
  if (!name) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    session_->SetClientName(name);
    wire::SetClientName request;
    request.server = kServer;
    request.name = WireText(name);
    link().Post(std::move(request), [](HRESULT, const Link::Bytes&) {});
    return S_OK;
  });
}

STDMETHODIMP ServerObject::EnumConnectionPoints(IEnumConnectionPoints** out) {
  return EnumerateOne(*this, __uuidof(IOPCShutdown), out);
}

STDMETHODIMP ServerObject::FindConnectionPoint(REFIID iid, IConnectionPoint** out) {
  if (!out) return E_POINTER;
  *out = nullptr;
  if (iid != __uuidof(IOPCShutdown)) return CONNECT_E_NOCONNECTION;
  return Safely([&]() -> HRESULT {
    {
      // A client works with this object after all, and is to get the same one by way of the connection point.
      const Lock lock(mutex_);
      instance_.reset();
    }
    *out = new SinkConnectionPoint<IOPCShutdown>(this, session_->shutdown_sinks, nullptr);
    return S_OK;
  });
}

}  // namespace understudy
