// One group on the server: the requester's handles on the one side, the server's on the other.
#pragma once

#include <olectl.h>

#include <unordered_map>

#include "../common/com/com_object.h"
#include "../common/com/com_ptr.h"
#include "../common/wire/requests.h"
#include "pending_io.h"
#include "states.h"

namespace understudy::helper {

class DataCallback;

class GroupLink : public std::enable_shared_from_this<GroupLink> {
 public:
  GroupLink(Outbox& outbox, uint32_t server, uint32_t group) : outbox_(outbox), server_(server), group_(group) {}

  HRESULT Add(IOPCServer& server, const wire::AddGroup& request, wire::RevisedGroup& answer);
  HRESULT Remove(IOPCServer& server);
  HRESULT SetState(const wire::SetGroupState& request, wire::RevisedGroup& answer);

  HRESULT AddItems(const std::vector<wire::ItemDefinition>& items, bool validate_only, wire::AddedItems& answer);
  HRESULT RemoveItems(const std::vector<uint32_t>& items, wire::Errors& answer);
  HRESULT SetItemsActive(const std::vector<uint32_t>& items, bool active, wire::Errors& answer);
  HRESULT SetDatatypes(const std::vector<uint32_t>& items, const std::vector<uint16_t>& types, wire::Errors& answer);

  // A read that waits for nothing but the server; run beside what follows it.
  struct PreparedRead {
    wire::Read request;
    std::vector<OPCHANDLE> handles;   // of the items that exist
    std::vector<size_t> rows;         // their rows in the request
    ComPtr<IOPCSyncIO> sync;          // held: the group may be removed meanwhile
  };
  PreparedRead Prepare(const wire::Read& request) const;
  static HRESULT Read(const PreparedRead& read, wire::States& answer);
  // Answers through the responder, now or when the server has called back.
  void ReadAsync(const PreparedRead& read, std::shared_ptr<Responder> responder);
  void Write(const wire::Write& request, std::shared_ptr<Responder> responder);
  HRESULT Refresh(const wire::Refresh& request);
  // S_FALSE where no asynchronous call has this correlation.
  HRESULT CancelAsync(uint32_t correlation);
  // The server is gone: what waits for its callbacks waits in vain.
  void FailPending(HRESULT result) { pending_.FailAll(result); }

  // Called by the server.
  void OnDataChange(DWORD transaction, HRESULT master_quality, HRESULT master_error, DWORD count,
                    const OPCHANDLE* items, const VARIANT* values, const WORD* qualities, const FILETIME* times,
                    const HRESULT* errors);
  void OnReadComplete(DWORD transaction, DWORD count, const OPCHANDLE* items, const VARIANT* values,
                      const WORD* qualities, const FILETIME* times, const HRESULT* errors);
  void OnWriteComplete(DWORD transaction, DWORD count, const OPCHANDLE* items, const HRESULT* errors);
  void OnCancelComplete(DWORD transaction);

 private:
  // Rows of a request whose items exist, and their server handles; the others are OPC_E_INVALIDHANDLE.
  void Resolve(const std::vector<uint32_t>& items, std::vector<OPCHANDLE>& handles, std::vector<size_t>& rows) const;
  HRESULT ForItems(const std::vector<uint32_t>& items, wire::Errors& answer,
                   const std::function<HRESULT(DWORD, OPCHANDLE*, HRESULT**)>& call,
                   const std::function<void(size_t row)>& on_done = {});
  HRESULT SetKeepAlive(uint32_t wanted_ms, uint32_t& revised_ms);
  HRESULT WriteNow(const wire::Write& request, VariantList& values, const std::vector<OPCHANDLE>& handles,
                   const std::vector<size_t>& rows, wire::Errors& answer);
  void WriteAsync(const wire::Write& request, VariantList& values, const std::vector<OPCHANDLE>& handles,
                  const std::vector<size_t>& rows, std::shared_ptr<Responder> responder);

  Outbox& outbox_;
  const uint32_t server_;
  const uint32_t group_;
  OPCHANDLE server_group_ = 0;
  ComPtr<IOPCItemMgt> items_com_;
  ComPtr<IOPCGroupStateMgt> state_;
  ComPtr<IOPCSyncIO> sync_;
  ComPtr<IOPCAsyncIO2> async_;
  ComPtr<IConnectionPoint> point_;
  DWORD cookie_ = 0;
  uint32_t keep_alive_ms_ = 0;

  mutable std::mutex mutex_;
  std::unordered_map<uint32_t, OPCHANDLE> handles_;
  PendingTable pending_;
};

}  // namespace understudy::helper
