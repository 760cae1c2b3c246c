// One server object on a member and what hangs on it.
#pragma once

#include <opccomn.h>

#include "group_link.h"

namespace understudy::helper {

class ServerLink : public std::enable_shared_from_this<ServerLink> {
 public:
  ServerLink(Outbox& outbox, uint32_t server) : outbox_(outbox), server_(server) {}

  // False where somebody opens it or has opened it already.
  bool BeginOpen() { return !opening_.exchange(true); }
  HRESULT Open(const wire::OpenServer& request, wire::OpenServerAnswer& answer, std::wstring& detail);
  // Lets everybody wait no longer who asked for something while Open was under way.
  void Opened(HRESULT result);
  // S_OK when the server is open; waits for Open.
  HRESULT WaitUntilOpen();
  HRESULT Close();

  HRESULT GetStatus(wire::StatusAnswer& answer);
  HRESULT GetErrorString(const wire::GetErrorString& request, wire::ErrorStringAnswer& answer);
  HRESULT SetLocale(uint32_t locale);
  HRESULT QueryLocales(wire::LocalesAnswer& answer);
  HRESULT SetClientName(const std::u16string& name);

  HRESULT AddGroup(const wire::AddGroup& request, wire::RevisedGroup& answer);
  HRESULT RemoveGroup(uint32_t group);
  // Null where there is none.
  std::shared_ptr<GroupLink> FindGroup(uint32_t group) const;
  std::vector<std::shared_ptr<GroupLink>> Groups() const;

  HRESULT ReadItemIds(const wire::ReadItemIds& request, wire::States& answer);
  HRESULT WriteItemIds(const wire::WriteItemIds& request, wire::Errors& answer);

  HRESULT Browse(const wire::Browse& request, wire::BrowseAnswer& answer);
  HRESULT BrowseAddressSpace(const wire::BrowseAddressSpace& request, wire::Names& answer);
  HRESULT QueryOrganization(wire::OrganizationAnswer& answer);
  HRESULT GetItemIds(const wire::GetItemIds& request, wire::ItemIdsAnswer& answer);
  HRESULT BrowseAccessPaths(const wire::BrowseAccessPaths& request, wire::Names& answer);
  HRESULT QueryProperties(const wire::QueryProperties& request, wire::PropertiesAnswer& answer);
  HRESULT GetItemProperties(const wire::GetItemProperties& request, wire::PropertyValues& answer);
  HRESULT LookupItemIds(const wire::LookupItemIds& request, wire::ItemIdsAnswer& answer);
  HRESULT GetProperties(const wire::GetProperties& request, wire::PropertyLists& answer);

  // Looks at a call's result; tells once where it says that the server is gone.
  HRESULT Noted(HRESULT result);

 private:
  HRESULT MoveTo(IOPCBrowseServerAddressSpace& space, const std::vector<std::u16string>& path);
  template <class I>
  ComPtr<I> Interface() const {
    return server_com_.As<I>();
  }

  Outbox& outbox_;
  const uint32_t server_;
  mutable std::mutex mutex_;
  std::condition_variable opened_;
  bool is_opened_ = false;
  HRESULT open_result_ = E_PENDING;
  std::atomic<bool> opening_{false};
  std::atomic<bool> lost_{false};
  ComPtr<IOPCServer> server_com_;
  ComPtr<IConnectionPoint> shutdown_point_;
  DWORD shutdown_cookie_ = 0;
  std::map<uint32_t, std::shared_ptr<GroupLink>> groups_;
  std::mutex browse_mutex_;  // the browse position is a state of the server object
};

}  // namespace understudy::helper
