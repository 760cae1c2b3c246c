// All that one server object of a client is, apart from COM: its groups, its connection, its threads.
#pragma once

#include <map>
#include <memory>

#include "group.h"
#include <opccomn.h>

namespace understudy {

class Session : public std::enable_shared_from_this<Session>, private LinkListener {
 public:
  // What OpenServer tells of the server's interfaces.
  enum Interface : uint32_t { kCommon = 1, kBrowseAddressSpace = 2, kItemProperties = 4, kBrowse = 8, kItemIo = 16, kShutdown = 32 };

  // Connects; null where the broker does not answer in time or refuses.
  static std::shared_ptr<Session> Open(const ClassSettings& about, const BrokerSettings& broker);

  Session(const ClassSettings& about, const BrokerSettings& broker, std::shared_ptr<Delivery> delivery);

  // The client has let go: nothing is called back after this, threads end by themselves.
  void Close();
  bool IsClosed();

  Link& link() { return *link_; }
  const ClassSettings& about() const { return about_; }
  bool Has(Interface which) const { return (interfaces_ & which) != 0; }
  const std::shared_ptr<Sinks<IOPCShutdown>> shutdown_sinks = std::make_shared<Sinks<IOPCShutdown>>();

  // Makes the group at the broker. OPC_E_DUPLICATENAME, or what the server says.
  HRESULT AddGroup(GroupSettings settings, std::shared_ptr<Group>& group);
  void RemoveGroup(uint32_t id);
  // An unused name where `wanted` is empty; nothing where it is taken.
  std::optional<std::wstring> FreeName(const std::wstring& wanted);
  bool Rename(Group& group, const std::wstring& name);
  size_t GroupCount();

  LCID locale();
  void SetLocale(LCID locale);
  void SetClientName(std::wstring name);

  // Called on the delivery thread where a callback showed that the client is gone.
  std::function<void()> on_client_gone;

 private:
  void OnLinkUp(const wire::OpenServerAnswer& opened) override;
  void OnLinkDown() override;
  void OnLinkEvent(uint16_t type, wire::Reader& payload) override;
  std::vector<std::shared_ptr<Group>> AllGroups();
  std::shared_ptr<Group> FindGroup(uint32_t id);
  bool IsNameTaken(const std::wstring& name);

  const ClassSettings about_;
  const std::shared_ptr<Link> link_;
  const std::shared_ptr<Delivery> delivery_;
  uint32_t interfaces_ = 0;
  Mutex mutex_;
  std::map<uint32_t, std::shared_ptr<Group>> groups_;
  // Names of groups that are being added; their requests are under way.
  std::vector<std::wstring> reserved_names_;
  uint32_t last_group_ = 0;
  LCID locale_ = LOCALE_SYSTEM_DEFAULT;
  bool has_locale_ = false;
  std::wstring client_name_;
  bool is_known_ = false;
  bool is_closed_ = false;
};

}  // namespace understudy
