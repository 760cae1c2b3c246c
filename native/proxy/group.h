// A group as the client's process knows it: its state, its items with their last values, and whom to tell.
// The COM object (group_object.h) and the link's thread share it.
#pragma once

#include <objidl.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../idl/opcerror.h"
#include "delivery.h"
#include "item_table.h"
#include "link.h"
#include "sinks.h"

namespace understudy {

struct GroupSettings {
  std::wstring name;
  bool is_active = false;
  DWORD requested_rate_ms = 0;
  DWORD update_rate_ms = 0;
  LONG time_bias_minutes = 0;
  float deadband_percent = 0;
  LCID locale = 0;
  DWORD keep_alive_ms = 0;
  OPCHANDLE client = 0;
};

// Rows of one callback, in the form in which IOPCDataCallback takes them.
struct Batch {
  enum class Kind { kData, kRead, kWrite, kCancel };

  Kind kind = Kind::kData;
  DWORD transaction = 0;
  OPCHANDLE group = 0;
  // DA 1.0: the connection that asked; 0 = all, and those of DA 2.
  DWORD connection = 0;
  HRESULT master_quality = S_OK;
  HRESULT master_error = S_OK;
  std::vector<OPCHANDLE> clients;
  std::vector<Variant> values;
  std::vector<WORD> qualities;
  std::vector<FILETIME> timestamps;
  std::vector<HRESULT> errors;

  void Reserve(size_t count);
  void Add(OPCHANDLE client, const Variant& value, WORD quality, uint64_t timestamp, HRESULT error);
};

// What the client waits to hear of after an asynchronous call.
struct Transaction {
  Batch::Kind kind = Batch::Kind::kRead;
  DWORD client_transaction = 0;
  DWORD connection = 0;
  uint32_t correlation = 0;
  // In the order of the request's items.
  std::vector<OPCHANDLE> clients;
};

class Group : public std::enable_shared_from_this<Group> {
 public:
  // Longest backlog of rows for a client that does not take its callbacks; then only last values are kept for it.
  static constexpr size_t kMostQueuedRows = 500000;

  Group(uint32_t id, GroupSettings settings, std::shared_ptr<Link> link, std::shared_ptr<Delivery> delivery);

  const uint32_t id;
  const std::shared_ptr<Sinks<IOPCDataCallback>> data_sinks = std::make_shared<Sinks<IOPCDataCallback>>();
  const std::shared_ptr<Sinks<IAdviseSink>> advise_sinks = std::make_shared<Sinks<IAdviseSink>>();

  // Under this lock: settings, items, transactions, is_enabled.
  Mutex mutex;
  GroupSettings settings;
  ItemTable items;
  // IOPCAsyncIO2::SetEnable.
  bool is_enabled = true;

  // The client or the server object has removed it: every call fails from now on.
  bool IsRemoved();
  void Remove();

  Link& link() { return *link_; }
  bool HasSinks() { return !data_sinks->IsEmpty() || !advise_sinks->IsEmpty(); }

  wire::AddGroup AddRequest();
  // Asks for everything anew; on the link's thread, for a connection that knows nothing yet.
  void Replay();
  // The connection has ended: what was good is now uncertain, last usable.
  void MarkStale();
  void OnDataChange(const wire::DataChange& change);

  // Tells new sinks what is known of all active items.
  void TellAll();
  // Tells what could not be told before.
  void TellDirty();
  // All active items from memory, as the answer to a refresh; E_FAIL where nothing is active.
  HRESULT RefreshFromCache(DWORD transaction, DWORD connection);

  // Asynchronous calls: the id to cancel with.
  DWORD Begin(Transaction transaction);
  void SetCorrelation(DWORD cancel_id, uint32_t correlation);
  void SetClientTransaction(DWORD cancel_id, DWORD transaction);
  // Nothing where it has ended or was cancelled.
  bool End(DWORD cancel_id, Transaction& transaction);
  void CompleteRead(DWORD cancel_id, HRESULT result, const Link::Bytes& body);
  void CompleteWrite(DWORD cancel_id, HRESULT result, const Link::Bytes& body);
  HRESULT Cancel(DWORD cancel_id);
  void Deliver(std::shared_ptr<Batch> batch);

  // Called where a sink turned out to be gone.
  std::function<void()> on_client_gone;

 private:
  void ReplayItems(const std::vector<uint32_t>& handles);
  void TellDirtyLocked();
  void SetDirty(Item& item);
  void CallSinks(Batch& batch);

  const std::shared_ptr<Link> link_;
  const std::shared_ptr<Delivery> delivery_;
  std::map<DWORD, Transaction> transactions_;
  DWORD last_cancel_id_ = 0;
  size_t queued_rows_ = 0;
  bool has_dirty_ = false;
  bool is_removed_ = false;
};

// The quality of a value whose source has gone away.
inline WORD StaleQuality(WORD quality) {
  return (quality & OPC_QUALITY_MASK) == OPC_QUALITY_GOOD ? OPC_QUALITY_LAST_USABLE : quality;
}

inline FILETIME FileTime(uint64_t time) { return {static_cast<DWORD>(time), static_cast<DWORD>(time >> 32)}; }

inline uint64_t Number(const FILETIME& time) { return uint64_t{time.dwHighDateTime} << 32 | time.dwLowDateTime; }

}  // namespace understudy
