#include "server_link.h"

#include "../common/com/connection_points.h"
#include "../common/text/utf.h"
#include "activation.h"

namespace understudy::helper {
namespace {

constexpr uint32_t kHasCommon = 1;
constexpr uint32_t kHasBrowseAddressSpace = 2;
constexpr uint32_t kHasItemProperties = 4;
constexpr uint32_t kHasBrowse = 8;
constexpr uint32_t kHasItemIo = 16;
constexpr uint32_t kHasShutdown = 32;

class ShutdownSink : public ComObject<IOPCShutdown> {
 public:
  ShutdownSink(Outbox& outbox, uint32_t server) : outbox_(outbox), server_(server) {}
  STDMETHODIMP ShutdownRequest(LPCWSTR reason) override {
    wire::Shutdown event;
    event.server = server_;
    if (reason) event.reason = WireText(reason);
    outbox_.Event(event);
    return S_OK;
  }

 private:
  Outbox& outbox_;
  const uint32_t server_;
};

}  // namespace

HRESULT ServerLink::Open(const wire::OpenServer& request, wire::OpenServerAnswer& answer, std::wstring& detail) {
  Activation activation;
  activation.id = understudy::WideOf(request.id);
  activation.machine = understudy::WideOf(request.machine);
  activation.class_context = request.class_context;
  activation.authentication = request.authentication;
  CLSID clsid;
  HRESULT result = FindClass(activation, clsid);
  if (FAILED(result)) {
    detail = L"the class " + activation.id + L" is not registered";
    return result;
  }
  result = Activate(activation, clsid, __uuidof(IOPCServer), server_com_.OutUnknown());
  if (FAILED(result)) {
    detail = L"CoCreateInstanceEx of " + activation.id + L" failed";
    return result;
  }
  std::memcpy(answer.clsid.bytes, &clsid, sizeof clsid);
  if (Interface<IOPCCommon>()) answer.interfaces |= kHasCommon;
  if (Interface<IOPCBrowseServerAddressSpace>()) answer.interfaces |= kHasBrowseAddressSpace;
  if (Interface<IOPCItemProperties>()) answer.interfaces |= kHasItemProperties;
  if (Interface<IOPCBrowse>()) answer.interfaces |= kHasBrowse;
  if (Interface<IOPCItemIO>()) answer.interfaces |= kHasItemIo;
  // A DA 1.0 server has no connection points: the probes must find its end.
  const auto container = Interface<IConnectionPointContainer>();
  if (container && SUCCEEDED(container->FindConnectionPoint(__uuidof(IOPCShutdown), shutdown_point_.Out()))) {
    const auto sink = ComPtr<ShutdownSink>::Adopt(new ShutdownSink(outbox_, server_));
    if (SUCCEEDED(shutdown_point_->Advise(sink.get(), &shutdown_cookie_))) answer.interfaces |= kHasShutdown;
  }
  return S_OK;
}

void ServerLink::Opened(HRESULT result) {
  {
    std::lock_guard lock(mutex_);
    is_opened_ = true;
    open_result_ = result;
  }
  opened_.notify_all();
}

HRESULT ServerLink::WaitUntilOpen() {
  std::unique_lock lock(mutex_);
  opened_.wait(lock, [this] { return is_opened_; });
  return FAILED(open_result_) ? E_HANDLE : S_OK;
}

HRESULT ServerLink::Close() {
  std::map<uint32_t, std::shared_ptr<GroupLink>> groups;
  {
    std::lock_guard lock(mutex_);
    groups.swap(groups_);
    open_result_ = E_HANDLE;
  }
  for (const auto& [handle, group] : groups) group->Remove(*server_com_.get());
  if (shutdown_point_ && shutdown_cookie_) shutdown_point_->Unadvise(shutdown_cookie_);
  shutdown_point_.Reset();
  return S_OK;
}

HRESULT ServerLink::Noted(HRESULT result) {
  if (IsClientGone(result) && !lost_.exchange(true)) {
    wire::ServerLost event;
    event.server = server_;
    event.error = result;
    event.detail = u"the server process is gone";
    outbox_.Event(event);
    for (const auto& group : Groups()) group->FailPending(result);
  }
  return result;
}

HRESULT ServerLink::GetStatus(wire::StatusAnswer& answer) {
  OPCSERVERSTATUS* status = nullptr;
  const HRESULT result = server_com_->GetStatus(&status);
  if (FAILED(result)) return result;
  if (!status) return E_POINTER;
  answer.start_time = TicksOf(status->ftStartTime);
  answer.current_time = TicksOf(status->ftCurrentTime);
  answer.last_update_time = TicksOf(status->ftLastUpdateTime);
  answer.state = status->dwServerState;
  answer.group_count = status->dwGroupCount;
  answer.bandwidth = status->dwBandWidth;
  answer.major_version = status->wMajorVersion;
  answer.minor_version = status->wMinorVersion;
  answer.build_number = status->wBuildNumber;
  if (status->szVendorInfo) answer.vendor_info = WireText(status->szVendorInfo);
  CoTaskMemFree(status->szVendorInfo);
  CoTaskMemFree(status);
  return result;
}

HRESULT ServerLink::GetErrorString(const wire::GetErrorString& request, wire::ErrorStringAnswer& answer) {
  OwnedString text;
  const HRESULT result = server_com_->GetErrorString(request.error, request.locale, text.Out());
  if (SUCCEEDED(result) && text.get()) answer.text = WireText(text.get());
  return result;
}

HRESULT ServerLink::SetLocale(uint32_t locale) {
  const auto common = Interface<IOPCCommon>();
  return common ? common->SetLocaleID(locale) : E_NOINTERFACE;
}

HRESULT ServerLink::QueryLocales(wire::LocalesAnswer& answer) {
  const auto common = Interface<IOPCCommon>();
  if (!common) return E_NOINTERFACE;
  LCID current = 0;
  HRESULT result = common->GetLocaleID(&current);
  if (FAILED(result)) return result;
  answer.current = current;
  DWORD count = 0;
  TaskArray<LCID> available;
  result = common->QueryAvailableLocaleIDs(&count, available.Out(0));
  if (SUCCEEDED(result) && available) answer.available.assign(available.get(), available.get() + count);
  return result;
}

HRESULT ServerLink::SetClientName(const std::u16string& name) {
  const auto common = Interface<IOPCCommon>();
  return common ? common->SetClientName(understudy::WideOf(name).c_str()) : E_NOINTERFACE;
}

HRESULT ServerLink::AddGroup(const wire::AddGroup& request, wire::RevisedGroup& answer) {
  if (request.group == 0) return E_INVALIDARG;
  const auto group = std::make_shared<GroupLink>(outbox_, server_, request.group);
  {
    std::lock_guard lock(mutex_);
    if (groups_.count(request.group) > 0) return OPC_E_DUPLICATENAME;
  }
  const HRESULT result = group->Add(*server_com_.get(), request, answer);
  if (FAILED(result)) return result;
  std::lock_guard lock(mutex_);
  groups_[request.group] = group;
  return result;
}

HRESULT ServerLink::RemoveGroup(uint32_t handle) {
  std::shared_ptr<GroupLink> group;
  {
    std::lock_guard lock(mutex_);
    const auto found = groups_.find(handle);
    if (found == groups_.end()) return OPC_E_INVALIDHANDLE;
    group = found->second;
    groups_.erase(found);
  }
  return group->Remove(*server_com_.get());
}

std::shared_ptr<GroupLink> ServerLink::FindGroup(uint32_t handle) const {
  std::lock_guard lock(mutex_);
  const auto found = groups_.find(handle);
  return found == groups_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<GroupLink>> ServerLink::Groups() const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<GroupLink>> all;
  for (const auto& [handle, group] : groups_) all.push_back(group);
  return all;
}

}  // namespace understudy::helper
