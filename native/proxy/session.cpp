#include "session.h"

#include <algorithm>

#include "event_log.h"
#include "module.h"
#include "text.h"

namespace understudy {

std::shared_ptr<Session> Session::Open(const ClassSettings& about, const BrokerSettings& broker) {
  auto delivery = Delivery::Start();
  if (!delivery) return nullptr;
  auto session = std::make_shared<Session>(about, broker, std::move(delivery));
  const bool is_started = Module::StartThread([session] { session->link_->Run(*session); });
  if (is_started && session->link_->WaitUntilUp(broker.connect_timeout_ms)) return session;
  session->Close();
  return nullptr;
}

Session::Session(const ClassSettings& about, const BrokerSettings& broker, std::shared_ptr<Delivery> delivery)
    : about_(about), link_(std::make_shared<Link>(broker, about.target)), delivery_(std::move(delivery)) {}

void Session::Close() {
  {
    const Lock lock(mutex_);
    is_closed_ = true;
  }
  for (const auto& group : AllGroups()) group->Remove();
  shutdown_sinks->Clear();
  delivery_->Stop();
  link_->Stop();
  const Lock lock(mutex_);
  groups_.clear();
}

bool Session::IsClosed() {
  const Lock lock(mutex_);
  return is_closed_;
}

std::vector<std::shared_ptr<Group>> Session::AllGroups() {
  std::vector<std::shared_ptr<Group>> all;
  const Lock lock(mutex_);
  for (const auto& [id, group] : groups_) all.push_back(group);
  return all;
}

std::shared_ptr<Group> Session::FindGroup(uint32_t id) {
  const Lock lock(mutex_);
  const auto found = groups_.find(id);
  return found == groups_.end() ? nullptr : found->second;
}

size_t Session::GroupCount() {
  const Lock lock(mutex_);
  return groups_.size();
}

// Under the lock; the groups' names are only changed under it too.
bool Session::IsNameTaken(const std::wstring& name) {
  const auto is_same = [&](const std::wstring& other) { return other == name; };
  return std::any_of(reserved_names_.begin(), reserved_names_.end(), is_same) ||
         std::any_of(groups_.begin(), groups_.end(), [&](const auto& each) { return is_same(each.second->settings.name); });
}

std::optional<std::wstring> Session::FreeName(const std::wstring& wanted) {
  const Lock lock(mutex_);
  if (!wanted.empty()) {
    if (IsNameTaken(wanted)) return std::nullopt;
    reserved_names_.push_back(wanted);
    return wanted;
  }
  std::wstring name;
  uint32_t number = last_group_;
  do name = L"Group" + std::to_wstring(++number);
  while (IsNameTaken(name));
  reserved_names_.push_back(name);
  return name;
}

bool Session::Rename(Group& group, const std::wstring& name) {
  const Lock lock(mutex_);
  if (group.settings.name == name) return true;
  if (IsNameTaken(name)) return false;
  const Lock group_lock(group.mutex);
  group.settings.name = name;
  return true;
}

HRESULT Session::AddGroup(GroupSettings settings, std::shared_ptr<Group>& out) {
  const auto name = FreeName(settings.name);
  if (!name) return OPC_E_DUPLICATENAME;
  settings.name = *name;
  uint32_t id = 0;
  {
    const Lock lock(mutex_);
    id = ++last_group_;
  }
  auto group = std::make_shared<Group>(id, std::move(settings), link_, delivery_);
  group->on_client_gone = [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && self->on_client_gone) self->on_client_gone();
  };
  wire::RevisedGroup revised;
  const HRESULT result = link_->Call(group->AddRequest(), revised, Repeat::kAfterLoss,
                                     [self = shared_from_this(), group](HRESULT added, const Link::Bytes&) {
                                       const Lock lock(self->mutex_);
                                       if (SUCCEEDED(added) && !self->is_closed_) self->groups_[group->id] = group;
                                     });
  {
    const Lock lock(mutex_);
    const auto reserved = std::find(reserved_names_.begin(), reserved_names_.end(), *name);
    if (reserved != reserved_names_.end()) reserved_names_.erase(reserved);
  }
  if (FAILED(result)) {
    // It may have been made all the same.
    RemoveGroup(id);
    return ClientResult(result);
  }
  const Lock lock(group->mutex);
  group->settings.update_rate_ms = revised.update_rate_ms;
  group->settings.keep_alive_ms = revised.keep_alive_ms;
  out = group;
  return S_OK;
}

void Session::RemoveGroup(uint32_t id) {
  const auto group = FindGroup(id);
  if (group) group->Remove();
  {
    const Lock lock(mutex_);
    groups_.erase(id);
  }
  wire::RemoveGroup request;
  request.server = kServer;
  request.group = id;
  link_->Post(request, [](HRESULT, const Link::Bytes&) {});
}

LCID Session::locale() {
  const Lock lock(mutex_);
  return locale_;
}

void Session::SetLocale(LCID locale) {
  const Lock lock(mutex_);
  locale_ = locale;
  has_locale_ = true;
}

void Session::SetClientName(std::wstring name) {
  const Lock lock(mutex_);
  client_name_ = std::move(name);
}

void Session::OnLinkUp(const wire::OpenServerAnswer& opened) {
  wire::SetLocale locale;
  wire::SetClientName name;
  locale.server = kServer;
  name.server = kServer;
  bool has_locale = false;
  bool is_again = false;
  {
    const Lock lock(mutex_);
    if (!is_known_) interfaces_ = opened.interfaces;
    is_again = is_known_;
    is_known_ = true;
    has_locale = has_locale_;
    locale.locale = locale_;
    name.name = WireText(client_name_);
  }
  const auto nothing = [](HRESULT, const Link::Bytes&) {};
  if (has_locale) link_->Post(locale, nothing);
  if (!name.name.empty()) link_->Post(name, nothing);
  for (const auto& group : AllGroups()) group->Replay();
  if (is_again) Report(Severity::kInformation, L"The connection to the broker for \"" + about_.target + L"\" is back.");
}

void Session::OnLinkDown() {
  if (IsClosed()) return;
  Report(Severity::kWarning, L"The connection to the broker for \"" + about_.target +
                                 L"\" has ended. Values are uncertain (last usable) until it is back.");
  for (const auto& group : AllGroups()) group->MarkStale();
}

void Session::OnLinkEvent(uint16_t type, wire::Reader& payload) {
  if (type == wire::DataChange::kType) {
    wire::DataChange change;
    if (!wire::DecodeBody(payload, change)) return;
    if (const auto group = FindGroup(change.group)) group->OnDataChange(change);
    return;
  }
  if (type == wire::Shutdown::kType) {
    wire::Shutdown shutdown;
    if (!wire::DecodeBody(payload, shutdown)) return;
    const std::wstring reason = shutdown.reason ? Wide(*shutdown.reason) : std::wstring();
    delivery_->Post([sinks = shutdown_sinks, reason] {
      sinks->Each([&](IOPCShutdown& sink, const auto&) { return sink.ShutdownRequest(reason.c_str()); });
    });
    return;
  }
  if (type == wire::ServerLost::kType || type == wire::Overflow::kType || type == wire::Log::kType) return;
  wire::Unknown unknown;
  unknown.type = type;
  link_->Tell(wire::EncodeEvent(unknown));
}

}  // namespace understudy
