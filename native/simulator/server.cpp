#include "server.h"

#include "../common/com/enumerators.h"
#include "../common/com/error_text.h"

namespace understudy::simulator {

Server::~Server() {
  std::map<OPCHANDLE, ComPtr<Group>> groups;
  {
    std::lock_guard lock(mutex_);
    groups.swap(groups_);
  }
  for (auto& [handle, group] : groups) group->Close();
}

bool Server::IsNameTaken(const std::wstring& name) const {
  std::lock_guard lock(mutex_);
  for (const auto& [handle, group] : groups_) {
    if (group->name() == name) return true;
  }
  return false;
}

HRESULT Server::AddGroup(GroupSettings settings, OPCHANDLE* handle, REFIID iid, IUnknown** out) {
  OPCHANDLE number;
  {
    std::lock_guard lock(mutex_);
    number = ++last_group_;
  }
  if (settings.name.empty()) settings.name = L"Group " + std::to_wstring(number);
  if (IsNameTaken(settings.name)) return OPC_E_DUPLICATENAME;
  auto group = ComPtr<Group>::Adopt(new Group(world_, number, std::move(settings)));
  group->is_name_taken = [this](const std::wstring& name) { return IsNameTaken(name); };
  group->clone = [this](const Group& original, const std::wstring& name, REFIID wanted, IUnknown** copy) {
    Group& source = const_cast<Group&>(original);
    GroupSettings like;
    OwnedString ignored;
    OPCHANDLE original_handle;
    BOOL active;
    source.GetState(&like.rate_ms, &active, ignored.Out(), &like.time_bias, &like.deadband, &like.locale,
                    &like.client_handle, &original_handle);
    like.name = name;
    // A clone begins inactive; its items keep their state (DA 2.05A, CloneGroup).
    OPCHANDLE created = 0;
    const HRESULT made = AddGroup(like, &created, wanted, copy);
    if (FAILED(made)) return made;
    ComPtr<Group> clone;
    {
      std::lock_guard lock(mutex_);
      clone = groups_[created];
    }
    clone->TakeItemsOf(source);
    return S_OK;
  };
  const HRESULT result = group->QueryInterface(iid, reinterpret_cast<void**>(out));
  if (FAILED(result)) {
    group->Close();
    return result;
  }
  *handle = number;
  std::lock_guard lock(mutex_);
  groups_.emplace(number, std::move(group));
  return S_OK;
}

STDMETHODIMP Server::AddGroup(LPCWSTR name, BOOL active, DWORD rate_ms, OPCHANDLE client_handle, LONG* bias,
                              FLOAT* deadband, DWORD locale, OPCHANDLE* handle, DWORD* revised_ms, REFIID iid,
                              LPUNKNOWN* out) {
  world_->faults.Pass();
  if (out) *out = nullptr;
  if (!handle || !revised_ms || !out) return E_INVALIDARG;
  if (deadband && !(*deadband >= 0 && *deadband <= 100)) return E_INVALIDARG;
  GroupSettings settings;
  settings.name = WideOf(name);
  settings.active = active != FALSE;
  settings.rate_ms = Group::RevisedRate(rate_ms);
  settings.client_handle = client_handle;
  if (bias) settings.time_bias = *bias;
  if (deadband) settings.deadband = *deadband;
  settings.locale = locale;
  *revised_ms = settings.rate_ms;
  const HRESULT result = AddGroup(settings, handle, iid, out);
  return result == S_OK && *revised_ms != rate_ms ? OPC_S_UNSUPPORTEDRATE : result;
}

STDMETHODIMP Server::GetErrorString(HRESULT error, LCID, LPWSTR* text) {
  world_->faults.Pass();
  if (!text) return E_INVALIDARG;
  *text = nullptr;
  const std::wstring known = ErrorText(error);
  if (known.empty()) return E_INVALIDARG;
  *text = TaskString(known);
  return *text ? S_OK : E_OUTOFMEMORY;
}

STDMETHODIMP Server::GetGroupByName(LPCWSTR name, REFIID iid, LPUNKNOWN* out) {
  world_->faults.Pass();
  if (out) *out = nullptr;
  if (!name || !*name || !out) return E_INVALIDARG;
  ComPtr<Group> found;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [handle, group] : groups_) {
      if (group->name() == name) found = group;
    }
  }
  // The specification names no code of its own for it.
  return found ? found->QueryInterface(iid, reinterpret_cast<void**>(out)) : E_INVALIDARG;
}

STDMETHODIMP Server::GetStatus(OPCSERVERSTATUS** out) {
  world_->faults.Pass();
  if (!out) return E_INVALIDARG;
  *out = nullptr;
  TaskArray<OPCSERVERSTATUS> status(1);
  if (!status) return E_OUTOFMEMORY;
  OPCSERVERSTATUS& it = status[0];
  it.ftStartTime = FiletimeOf(world_->start_ms);
  it.ftCurrentTime = FiletimeOf(NowMs());
  if (const int64_t last_ms = world_->last_update_ms) it.ftLastUpdateTime = FiletimeOf(last_ms);
  it.dwServerState = static_cast<OPCSERVERSTATE>(world_->faults.state());
  {
    std::lock_guard lock(mutex_);
    it.dwGroupCount = static_cast<DWORD>(groups_.size());
  }
  it.dwBandWidth = 0xFFFFFFFF;
  it.wMajorVersion = 1;
  it.szVendorInfo = TaskString(L"Understudy OPC DA simulator " + std::to_wstring(world_->options.instance));
  if (!it.szVendorInfo) return E_OUTOFMEMORY;
  *out = status.Detach();
  return S_OK;
}

STDMETHODIMP Server::RemoveGroup(OPCHANDLE handle, BOOL) {
  world_->faults.Pass();
  ComPtr<Group> removed;
  {
    std::lock_guard lock(mutex_);
    const auto found = groups_.find(handle);
    if (found == groups_.end()) return OPC_E_INVALIDHANDLE;
    removed = std::move(found->second);
    groups_.erase(found);
  }
  removed->Close();
  // Somebody else still holds it.
  removed->AddRef();
  return removed->Release() > 1 ? OPC_S_INUSE : S_OK;
}

STDMETHODIMP Server::CreateGroupEnumerator(OPCENUMSCOPE scope, REFIID iid, LPUNKNOWN* out) {
  world_->faults.Pass();
  if (out) *out = nullptr;
  if (!out || scope < OPC_ENUM_PRIVATE_CONNECTIONS || scope > OPC_ENUM_ALL) return E_INVALIDARG;
  std::vector<std::wstring> names;
  std::vector<ComPtr<IUnknown>> objects;
  if (scope != OPC_ENUM_PUBLIC && scope != OPC_ENUM_PUBLIC_CONNECTIONS) {
    std::lock_guard lock(mutex_);
    for (const auto& [handle, group] : groups_) {
      names.push_back(group->name());
      objects.push_back(group.As<IUnknown>());
    }
  }
  const bool none = names.empty();
  ComPtr<IUnknown> enumerator;
  if (IsEqualIID(iid, __uuidof(IEnumString))) {
    enumerator = ComPtr<IUnknown>::Adopt(new StringEnumerator(std::move(names)));
  } else if (IsEqualIID(iid, __uuidof(IEnumUnknown))) {
    enumerator = ComPtr<IUnknown>::Adopt(new UnknownEnumerator(std::move(objects)));
  } else {
    return E_NOINTERFACE;
  }
  const HRESULT result = enumerator->QueryInterface(iid, reinterpret_cast<void**>(out));
  return result == S_OK && none ? S_FALSE : result;
}

STDMETHODIMP Server::SetLocaleID(LCID locale) {
  world_->faults.Pass();
  std::lock_guard lock(mutex_);
  if (locale != LOCALE_SYSTEM_DEFAULT && locale != LOCALE_USER_DEFAULT && locale != LOCALE_NEUTRAL &&
      locale != MAKELCID(MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US), SORT_DEFAULT)) {
    return E_INVALIDARG;
  }
  locale_ = locale;
  return S_OK;
}

STDMETHODIMP Server::GetLocaleID(LCID* locale) {
  world_->faults.Pass();
  if (!locale) return E_INVALIDARG;
  std::lock_guard lock(mutex_);
  *locale = locale_;
  return S_OK;
}

STDMETHODIMP Server::QueryAvailableLocaleIDs(DWORD* count, LCID** locales) {
  world_->faults.Pass();
  if (!count || !locales) return E_INVALIDARG;
  TaskArray<LCID> all(3);
  if (!all) return E_OUTOFMEMORY;
  all[0] = LOCALE_SYSTEM_DEFAULT;
  all[1] = LOCALE_USER_DEFAULT;
  all[2] = MAKELCID(MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US), SORT_DEFAULT);
  *count = 3;
  *locales = all.Detach();
  return S_OK;
}

STDMETHODIMP Server::GetErrorString(HRESULT error, LPWSTR* text) { return GetErrorString(error, 0, text); }

STDMETHODIMP Server::SetClientName(LPCWSTR name) {
  world_->faults.Pass();
  if (!name) return E_INVALIDARG;
  std::lock_guard lock(mutex_);
  client_name_ = name;
  return S_OK;
}

STDMETHODIMP Server::FindConnectionPoint(REFIID iid, IConnectionPoint** out) {
  world_->faults.Pass();
  if (!out) return E_POINTER;
  *out = nullptr;
  if (!IsEqualIID(iid, __uuidof(IOPCShutdown))) return CONNECT_E_NOCONNECTION;
  *out = new ConnectionPoint<IOPCShutdown>(this, world_->shutdown_sinks);
  return S_OK;
}

}  // namespace understudy::simulator
