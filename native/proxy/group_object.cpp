// The group object: its identity, its state, its connection points.
#include "group_object.h"

#include "guard.h"
#include "text.h"

namespace understudy {

void GroupObjects::Add(uint32_t id, ComPtr<GroupObject> object) {
  const Lock lock(mutex_);
  objects_[id] = std::move(object);
}

ComPtr<GroupObject> GroupObjects::Find(uint32_t id) {
  const Lock lock(mutex_);
  const auto found = objects_.find(id);
  return found == objects_.end() ? nullptr : found->second;
}

ComPtr<GroupObject> GroupObjects::FindByName(const std::wstring& name) {
  for (const auto& object : All()) {
    const Lock lock(object->group().mutex);
    if (object->group().settings.name == name) return object;
  }
  return nullptr;
}

ComPtr<GroupObject> GroupObjects::Take(uint32_t id) {
  const Lock lock(mutex_);
  const auto found = objects_.find(id);
  if (found == objects_.end()) return nullptr;
  ComPtr<GroupObject> object = std::move(found->second);
  objects_.erase(found);
  return object;
}

std::vector<ComPtr<GroupObject>> GroupObjects::All() {
  std::vector<ComPtr<GroupObject>> all;
  const Lock lock(mutex_);
  for (const auto& [id, object] : objects_) all.push_back(object);
  return all;
}

void GroupObjects::Clear() {
  std::map<uint32_t, ComPtr<GroupObject>> dropped;
  {
    const Lock lock(mutex_);
    dropped.swap(objects_);
  }
}

GroupObject::GroupObject(std::shared_ptr<Session> session, std::shared_ptr<Group> group, std::weak_ptr<GroupObjects> siblings)
    : session_(std::move(session)), group_(std::move(group)), siblings_(std::move(siblings)) {}

GroupObject::~GroupObject() {
  // Nobody can use it any more: also at the broker.
  if (!group_->IsRemoved()) session_->RemoveGroup(group_->id);
}

STDMETHODIMP GroupObject::QueryInterface(REFIID iid, void** out) {
  if (!out) return E_POINTER;
  *out = nullptr;
  const bool is_da3 = session_->Has(Session::kBrowse) && session_->Has(Session::kItemIo);
  if (!is_da3 && (iid == __uuidof(IOPCSyncIO2) || iid == __uuidof(IOPCAsyncIO3) || iid == __uuidof(IOPCGroupStateMgt2))) {
    return E_NOINTERFACE;
  }
  return AgileObject::QueryInterface(iid, out);
}

HRESULT MakeGroupObject(const std::shared_ptr<Session>& session, const std::shared_ptr<Group>& group,
                        const std::shared_ptr<GroupObjects>& siblings, REFIID iid, LPUNKNOWN* out) {
  const auto object = ComPtr<GroupObject>::Adopt(new GroupObject(session, group, siblings));
  const HRESULT result = object->QueryInterface(iid, reinterpret_cast<void**>(out));
  if (SUCCEEDED(result)) siblings->Add(group->id, object);
  return result;
}

STDMETHODIMP GroupObject::GetState(DWORD* rate, BOOL* active, LPWSTR* name, LONG* time_bias, FLOAT* deadband, DWORD* locale,
                                   OPCHANDLE* client, OPCHANDLE* server) {
  if (name) *name = nullptr;
  if (!rate || !active || !name || !time_bias || !deadband || !locale || !client || !server) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    if (group_->IsRemoved()) return E_FAIL;
    const Lock lock(group_->mutex);
    const GroupSettings& settings = group_->settings;
    *name = TaskString(settings.name);
    if (!*name) return E_OUTOFMEMORY;
    *rate = settings.update_rate_ms;
    *active = settings.is_active;
    *time_bias = settings.time_bias_minutes;
    *deadband = settings.deadband_percent;
    *locale = settings.locale;
    *client = settings.client;
    *server = group_->id;
    return S_OK;
  });
}

STDMETHODIMP GroupObject::SetState(DWORD* requested_rate, DWORD* revised_rate, BOOL* active, LONG* time_bias, FLOAT* deadband,
                                   DWORD* locale, OPCHANDLE* client) {
  if (!revised_rate) return E_INVALIDARG;
  if (deadband && !(*deadband >= 0 && *deadband <= 100)) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    if (group_->IsRemoved()) return E_FAIL;
    GroupSettings wanted;
    {
      const Lock lock(group_->mutex);
      wanted = group_->settings;
    }
    wire::SetGroupState request;
    request.server = kServer;
    request.group = group_->id;
    request.change = (requested_rate ? 1 : 0) | (active ? 2 : 0) | (time_bias ? 4 : 0) | (deadband ? 8 : 0) | (locale ? 16 : 0);
    if (requested_rate) wanted.requested_rate_ms = *requested_rate;
    if (active) wanted.is_active = *active != FALSE;
    if (time_bias) wanted.time_bias_minutes = *time_bias;
    if (deadband) wanted.deadband_percent = *deadband;
    if (locale) wanted.locale = *locale;
    request.active = wanted.is_active;
    request.update_rate_ms = wanted.requested_rate_ms;
    request.time_bias_minutes = wanted.time_bias_minutes;
    request.deadband_percent = wanted.deadband_percent;
    request.locale = wanted.locale;
    request.keep_alive_ms = wanted.keep_alive_ms;
    wire::RevisedGroup revised;
    revised.update_rate_ms = wanted.update_rate_ms;
    if (request.change != 0) {
      // The new state stands before any value that follows from it arrives.
      const HRESULT result =
          link().Call(request, revised, Repeat::kAfterLoss, [group = group_, wanted](HRESULT changed, const Link::Bytes&) {
            if (FAILED(changed)) return;
            const Lock lock(group->mutex);
            const OPCHANDLE client_handle = group->settings.client;
            const std::wstring name = group->settings.name;
            group->settings = wanted;
            group->settings.client = client_handle;
            group->settings.name = name;
          });
      if (FAILED(result)) return ClientResult(result);
    }
    const Lock lock(group_->mutex);
    if (client) group_->settings.client = *client;
    group_->settings.update_rate_ms = revised.update_rate_ms;
    *revised_rate = revised.update_rate_ms;
    return requested_rate && *requested_rate != revised.update_rate_ms ? OPC_S_UNSUPPORTEDRATE : S_OK;
  });
}

STDMETHODIMP GroupObject::SetName(LPCWSTR name) {
  if (!name || !*name) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    if (group_->IsRemoved()) return E_FAIL;
    return session_->Rename(*group_, name) ? S_OK : OPC_E_DUPLICATENAME;
  });
}

STDMETHODIMP GroupObject::CloneGroup(LPCWSTR name, REFIID iid, LPUNKNOWN* out) {
  if (!out) return E_INVALIDARG;
  *out = nullptr;
  return Safely([&]() -> HRESULT {
    const auto siblings = siblings_.lock();
    if (group_->IsRemoved() || !siblings) return E_FAIL;
    GroupSettings settings;
    std::vector<Item> copies;
    {
      const Lock lock(group_->mutex);
      settings = group_->settings;
      for (const uint32_t handle : group_->items.Handles()) copies.push_back(*group_->items.Find(handle));
    }
    settings.name = WideOf(name);
    // By the specification a clone begins inactive.
    settings.is_active = false;
    std::shared_ptr<Group> clone;
    const HRESULT result = session_->AddGroup(std::move(settings), clone);
    if (FAILED(result)) return result;
    const HRESULT made = MakeGroupObject(session_, clone, siblings, iid, out);
    if (FAILED(made)) {
      session_->RemoveGroup(clone->id);
      return made;
    }
    std::vector<OPCITEMDEF> definitions;
    for (Item& item : copies) {
      OPCITEMDEF definition = {};
      definition.szAccessPath = item.access_path.data();
      definition.szItemID = item.item_id.data();
      definition.bActive = item.is_active;
      definition.hClient = item.client;
      definition.vtRequestedDataType = item.requested_type;
      definitions.push_back(definition);
    }
    if (definitions.empty()) return S_OK;
    TaskArray<OPCITEMRESULT> results;
    TaskArray<HRESULT> errors;
    const auto count = static_cast<DWORD>(definitions.size());
    const auto object = siblings->Find(clone->id);
    return object && SUCCEEDED(object->AddItems(count, definitions.data(), results.Out(count), errors.Out(count))) ? S_OK : E_FAIL;
  });
}

STDMETHODIMP GroupObject::SetKeepAlive(DWORD keep_alive, DWORD* revised_keep_alive) {
  if (!revised_keep_alive) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    if (group_->IsRemoved()) return E_FAIL;
    wire::SetGroupState request;
    request.server = kServer;
    request.group = group_->id;
    request.change = 32;
    request.keep_alive_ms = keep_alive;
    wire::RevisedGroup revised;
    const HRESULT result = link().Call(request, revised, Repeat::kAfterLoss);
    if (FAILED(result)) return ClientResult(result);
    const Lock lock(group_->mutex);
    group_->settings.keep_alive_ms = revised.keep_alive_ms;
    *revised_keep_alive = revised.keep_alive_ms;
    return revised.keep_alive_ms == keep_alive ? S_OK : OPC_S_UNSUPPORTEDRATE;
  });
}

STDMETHODIMP GroupObject::GetKeepAlive(DWORD* keep_alive) {
  if (!keep_alive) return E_INVALIDARG;
  if (group_->IsRemoved()) return E_FAIL;
  const Lock lock(group_->mutex);
  *keep_alive = group_->settings.keep_alive_ms;
  return S_OK;
}

STDMETHODIMP GroupObject::EnumConnectionPoints(IEnumConnectionPoints** out) {
  return EnumerateOne(*this, __uuidof(IOPCDataCallback), out);
}

STDMETHODIMP GroupObject::FindConnectionPoint(REFIID iid, IConnectionPoint** out) {
  if (!out) return E_POINTER;
  *out = nullptr;
  if (iid != __uuidof(IOPCDataCallback)) return CONNECT_E_NOCONNECTION;
  return Safely([&]() -> HRESULT {
    if (group_->IsRemoved()) return E_FAIL;
    *out = new SinkConnectionPoint<IOPCDataCallback>(this, group_->data_sinks, [group = group_] { group->TellAll(); });
    return S_OK;
  });
}

}  // namespace understudy
