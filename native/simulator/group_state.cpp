#include <algorithm>

#include "group.h"

namespace understudy::simulator {

STDMETHODIMP Group::GetState(DWORD* rate, BOOL* active, LPWSTR* name, LONG* bias, FLOAT* deadband, DWORD* locale,
                             OPCHANDLE* client_handle, OPCHANDLE* server_handle) {
  world_->faults.Pass();
  if (!rate || !active || !name || !bias || !deadband || !locale || !client_handle || !server_handle) {
    return E_INVALIDARG;
  }
  std::lock_guard lock(mutex_);
  *name = TaskString(settings_.name);
  if (!*name) return E_OUTOFMEMORY;
  *rate = settings_.rate_ms;
  *active = settings_.active;
  *bias = settings_.time_bias;
  *deadband = settings_.deadband;
  *locale = settings_.locale;
  *client_handle = settings_.client_handle;
  *server_handle = server_handle_;
  return S_OK;
}

STDMETHODIMP Group::SetState(DWORD* rate, DWORD* revised, BOOL* active, LONG* bias, FLOAT* deadband, DWORD* locale,
                             OPCHANDLE* client_handle) {
  world_->faults.Pass();
  if (deadband && !(*deadband >= 0 && *deadband <= 100)) return E_INVALIDARG;
  if (rate && !revised) return E_INVALIDARG;
  HRESULT result = S_OK;
  {
    std::lock_guard lock(mutex_);
    if (rate) {
      settings_.rate_ms = RevisedRate(*rate);
      if (settings_.rate_ms != *rate) result = OPC_S_UNSUPPORTEDRATE;
      ScheduleFromNow();
    }
    if (revised) *revised = settings_.rate_ms;
    if (active) {
      // A group that becomes active sends everything once.
      if (*active && !settings_.active) {
        for (auto& [handle, item] : items_) item.sent_version.reset();
      }
      settings_.active = *active != FALSE;
    }
    if (bias) settings_.time_bias = *bias;
    if (deadband) settings_.deadband = *deadband;
    if (locale) settings_.locale = *locale;
    if (client_handle) settings_.client_handle = *client_handle;
  }
  wake_.notify_all();
  return result;
}

STDMETHODIMP Group::SetName(LPCWSTR name) {
  world_->faults.Pass();
  if (!name || !*name) return E_INVALIDARG;
  std::function<bool(const std::wstring&)> taken;
  {
    std::lock_guard lock(mutex_);
    if (settings_.name == name) return S_OK;
    taken = is_name_taken;
  }
  if (taken && taken(name)) return OPC_E_DUPLICATENAME;
  std::lock_guard lock(mutex_);
  settings_.name = name;
  return S_OK;
}

STDMETHODIMP Group::CloneGroup(LPCWSTR name, REFIID iid, LPUNKNOWN* out) {
  world_->faults.Pass();
  if (!out) return E_INVALIDARG;
  *out = nullptr;
  std::function<HRESULT(const Group&, const std::wstring&, REFIID, IUnknown**)> make;
  {
    std::lock_guard lock(mutex_);
    make = clone;
  }
  return make ? make(*this, WideOf(name), iid, out) : E_FAIL;
}

void Group::TakeItemsOf(Group& original) {
  std::map<OPCHANDLE, GroupItem> items;
  OPCHANDLE last;
  {
    std::lock_guard lock(original.mutex_);
    items = original.items_;
    last = original.last_handle_;
  }
  for (auto& [handle, item] : items) item.sent_version.reset();
  std::lock_guard lock(mutex_);
  items_ = std::move(items);
  last_handle_ = last;
}

STDMETHODIMP Group::SetKeepAlive(DWORD keep_alive_ms, DWORD* revised_ms) {
  world_->faults.Pass();
  if (!revised_ms) return E_INVALIDARG;
  std::lock_guard lock(mutex_);
  // Keep-alives go out at update instants.
  settings_.keep_alive_ms = keep_alive_ms == 0 ? 0 : std::max(keep_alive_ms, settings_.rate_ms);
  *revised_ms = settings_.keep_alive_ms;
  last_callback_ms_ = NowMs();
  return settings_.keep_alive_ms == keep_alive_ms ? S_OK : OPC_S_UNSUPPORTEDRATE;
}

STDMETHODIMP Group::GetKeepAlive(DWORD* keep_alive_ms) {
  world_->faults.Pass();
  if (!keep_alive_ms) return E_INVALIDARG;
  std::lock_guard lock(mutex_);
  *keep_alive_ms = settings_.keep_alive_ms;
  return S_OK;
}

}  // namespace understudy::simulator
