#include "group.h"

#include "../common/com/variant_codec.h"
#include "advise_sinks.h"
#include "event_log.h"
#include "text.h"

namespace understudy {
namespace {

// Items of one AddItems request when a connection is filled anew.
constexpr size_t kReplayItems = 5000;

bool IsGood(WORD quality) { return (quality & OPC_QUALITY_MASK) == OPC_QUALITY_GOOD; }

}  // namespace

void Batch::Reserve(size_t count) {
  clients.reserve(count);
  values.reserve(count);
  qualities.reserve(count);
  timestamps.reserve(count);
  errors.reserve(count);
}

void Batch::Add(OPCHANDLE client, const Variant& value, WORD quality, uint64_t timestamp, HRESULT error) {
  clients.push_back(client);
  values.push_back(value);
  qualities.push_back(quality);
  timestamps.push_back(FileTime(timestamp));
  errors.push_back(error);
  if (!IsGood(quality)) master_quality = S_FALSE;
  if (error != S_OK) master_error = S_FALSE;
}

Group::Group(uint32_t id, GroupSettings settings, std::shared_ptr<Link> link, std::shared_ptr<Delivery> delivery)
    : id(id), settings(std::move(settings)), link_(std::move(link)), delivery_(std::move(delivery)) {}

bool Group::IsRemoved() {
  const Lock lock(mutex);
  return is_removed_;
}

void Group::Remove() {
  {
    const Lock lock(mutex);
    is_removed_ = true;
    transactions_.clear();
  }
  data_sinks->Clear();
  advise_sinks->Clear();
}

wire::AddGroup Group::AddRequest() {
  const Lock lock(mutex);
  wire::AddGroup request;
  request.server = kServer;
  request.group = id;
  request.name = WireText(settings.name);
  request.active = settings.is_active;
  request.update_rate_ms = settings.requested_rate_ms;
  request.time_bias_minutes = settings.time_bias_minutes;
  request.deadband_percent = settings.deadband_percent;
  request.locale = settings.locale;
  request.keep_alive_ms = settings.keep_alive_ms;
  return request;
}

void Group::Replay() {
  const auto self = shared_from_this();
  link_->Post(AddRequest(), [self](HRESULT result, const Link::Bytes& body) {
    if (FAILED(result) && result != kLinkLost) {
      Report(Severity::kWarning, L"A group could not be given to the broker again; its values stay uncertain.");
    }
    wire::Reader reader(body.data(), body.size());
    wire::RevisedGroup revised;
    if (FAILED(result) || !wire::DecodeBody(reader, revised)) return;
    const Lock lock(self->mutex);
    self->settings.update_rate_ms = revised.update_rate_ms;
  });
  std::vector<uint32_t> handles;
  {
    const Lock lock(mutex);
    handles = items.Handles();
  }
  for (size_t at = 0; at < handles.size(); at += kReplayItems) {
    const size_t end = std::min(handles.size(), at + kReplayItems);
    ReplayItems({handles.begin() + static_cast<std::ptrdiff_t>(at), handles.begin() + static_cast<std::ptrdiff_t>(end)});
  }
}

void Group::ReplayItems(const std::vector<uint32_t>& handles) {
  wire::AddItems request;
  request.server = kServer;
  request.group = id;
  {
    const Lock lock(mutex);
    for (const uint32_t handle : handles) {
      wire::ItemDefinition definition;
      const Item* item = items.Find(handle);
      if (!item) continue;
      definition.item = handle;
      definition.active = item->is_active;
      definition.requested_type = item->requested_type;
      definition.access_path = WireText(item->access_path);
      definition.item_id = WireText(item->item_id);
      request.items.push_back(std::move(definition));
    }
  }
  const auto self = shared_from_this();
  link_->Post(std::move(request), [self, handles](HRESULT result, const Link::Bytes& body) {
    wire::Reader reader(body.data(), body.size());
    wire::AddedItems added;
    if (FAILED(result) || !wire::DecodeBody(reader, added) || added.errors.size() != handles.size()) return;
    const Lock lock(self->mutex);
    for (size_t index = 0; index < handles.size(); ++index) {
      Item* item = self->items.Find(handles[index]);
      if (!item) continue;
      const bool is_there = SUCCEEDED(added.errors[index]);
      item->state = is_there ? Item::State::kLive : Item::State::kMissing;
      if (is_there) continue;
      // The item cannot be named to the server any more, and the client must see that.
      item->quality = OPC_QUALITY_CONFIG_ERROR;
      self->SetDirty(*item);
    }
    self->TellDirtyLocked();
  });
}

void Group::SetDirty(Item& item) {
  if (!item.is_active) return;
  item.is_dirty = true;
  has_dirty_ = true;
}

void Group::MarkStale() {
  const Lock lock(mutex);
  for (const uint32_t handle : items.Handles()) {
    Item* item = items.Find(handle);
    if (!item->has_value || !IsGood(item->quality)) continue;
    item->quality = StaleQuality(item->quality);
    SetDirty(*item);
  }
  TellDirtyLocked();
}

void Group::OnDataChange(const wire::DataChange& change) {
  const size_t count = change.items.size();
  const wire::States& states = change.states;
  if (states.errors.size() != count || states.qualities.size() != count || states.timestamps.size() != count ||
      states.values.count != count) {
    return;
  }
  auto batch = std::make_shared<Batch>();
  const bool has_sinks = HasSinks();
  const Lock lock(mutex);
  bool is_told = has_sinks && (is_enabled || change.transaction != 0) && settings.is_active;
  if (change.transaction != 0) {
    const auto found = transactions_.find(change.transaction);
    if (found == transactions_.end()) {
      is_told = false;
    } else {
      batch->transaction = found->second.client_transaction;
      batch->connection = found->second.connection;
      transactions_.erase(found);
    }
  }
  const bool is_too_long = queued_rows_ > kMostQueuedRows;
  batch->group = settings.client;
  if (is_told) batch->Reserve(count);
  wire::ValueCursor cursor(states.values);
  for (size_t index = 0; index < count; ++index) {
    Variant value;
    if (FAILED(TakeVariant(cursor, &value.get()))) return;
    Item* item = items.FindAny(change.items[index]);
    if (!item) continue;
    item->value = std::move(value);
    item->quality = states.qualities[index];
    item->timestamp = states.timestamps[index];
    item->error = states.errors[index];
    if (FAILED(item->error)) item->quality = OPC_QUALITY_BAD;
    item->has_value = true;
    item->is_dirty = false;
    if (!item->is_active) continue;
    // Before the client has the item's handle, and while it takes nothing, only the last value is kept for it.
    if (item->state == Item::State::kPending || (is_told && is_too_long)) SetDirty(*item);
    else if (is_told) batch->Add(item->client, item->value, item->quality, item->timestamp, ClientResult(item->error));
  }
  if (is_told && (!batch->clients.empty() || count == 0)) Deliver(std::move(batch));
}

void Group::TellAll() {
  const Lock lock(mutex);
  for (const uint32_t handle : items.Handles()) {
    Item* item = items.Find(handle);
    if (item->has_value) SetDirty(*item);
  }
  TellDirtyLocked();
}

void Group::TellDirty() {
  const Lock lock(mutex);
  TellDirtyLocked();
}

void Group::TellDirtyLocked() {
  if (!has_dirty_ || !is_enabled || !settings.is_active || !HasSinks() || queued_rows_ > kMostQueuedRows) return;
  has_dirty_ = false;
  auto batch = std::make_shared<Batch>();
  batch->group = settings.client;
  for (const uint32_t handle : items.Handles()) {
    Item* item = items.Find(handle);
    if (!item->is_dirty) continue;
    item->is_dirty = false;
    batch->Add(item->client, item->value, item->quality, item->timestamp, ClientResult(item->error));
  }
  if (!batch->clients.empty()) Deliver(std::move(batch));
}

HRESULT Group::RefreshFromCache(DWORD transaction, DWORD connection) {
  auto batch = std::make_shared<Batch>();
  const Lock lock(mutex);
  batch->transaction = transaction;
  batch->connection = connection;
  batch->group = settings.client;
  for (const uint32_t handle : items.Handles()) {
    const Item* item = items.Find(handle);
    if (!item->is_active) continue;
    const WORD quality = item->has_value ? item->quality : OPC_QUALITY_WAITING_FOR_INITIAL_DATA;
    batch->Add(item->client, item->value, quality, item->timestamp, ClientResult(item->error));
  }
  // A refresh of nothing is an error by the specification.
  if (!settings.is_active || batch->clients.empty()) return E_FAIL;
  Deliver(std::move(batch));
  return S_OK;
}

DWORD Group::Begin(Transaction transaction) {
  const Lock lock(mutex);
  if (++last_cancel_id_ == 0) ++last_cancel_id_;
  transactions_[last_cancel_id_] = std::move(transaction);
  return last_cancel_id_;
}

void Group::SetCorrelation(DWORD cancel_id, uint32_t correlation) {
  const Lock lock(mutex);
  const auto found = transactions_.find(cancel_id);
  if (found != transactions_.end()) found->second.correlation = correlation;
}

void Group::SetClientTransaction(DWORD cancel_id, DWORD transaction) {
  const Lock lock(mutex);
  const auto found = transactions_.find(cancel_id);
  if (found != transactions_.end()) found->second.client_transaction = transaction;
}

bool Group::End(DWORD cancel_id, Transaction& transaction) {
  const Lock lock(mutex);
  const auto found = transactions_.find(cancel_id);
  if (found == transactions_.end()) return false;
  transaction = std::move(found->second);
  transactions_.erase(found);
  return true;
}

void Group::CompleteRead(DWORD cancel_id, HRESULT result, const Link::Bytes& body) {
  Transaction transaction;
  if (!End(cancel_id, transaction)) return;
  const size_t count = transaction.clients.size();
  wire::Reader reader(body.data(), body.size());
  wire::States states;
  const bool is_read = SUCCEEDED(result) && wire::DecodeBody(reader, states) && states.errors.size() == count &&
                       states.qualities.size() == count && states.timestamps.size() == count && states.values.count == count;
  auto batch = std::make_shared<Batch>();
  batch->kind = Batch::Kind::kRead;
  batch->transaction = transaction.client_transaction;
  batch->connection = transaction.connection;
  batch->Reserve(count);
  wire::ValueCursor cursor(states.values);
  for (size_t index = 0; index < count; ++index) {
    Variant value;
    HRESULT error = is_read ? ClientResult(states.errors[index]) : ClientResult(FAILED(result) ? result : E_FAIL);
    if (is_read && FAILED(TakeVariant(cursor, &value.get()))) error = E_FAIL;
    const bool is_good = is_read && SUCCEEDED(error);
    batch->Add(transaction.clients[index], value, is_good ? states.qualities[index] : OPC_QUALITY_BAD,
               is_good ? states.timestamps[index] : 0, error);
  }
  const Lock lock(mutex);
  batch->group = settings.client;
  Deliver(std::move(batch));
}

void Group::CompleteWrite(DWORD cancel_id, HRESULT result, const Link::Bytes& body) {
  Transaction transaction;
  if (!End(cancel_id, transaction)) return;
  const size_t count = transaction.clients.size();
  wire::Reader reader(body.data(), body.size());
  wire::Errors errors;
  const bool is_written = SUCCEEDED(result) && wire::DecodeBody(reader, errors) && errors.errors.size() == count;
  auto batch = std::make_shared<Batch>();
  batch->kind = Batch::Kind::kWrite;
  batch->transaction = transaction.client_transaction;
  batch->connection = transaction.connection;
  batch->clients = transaction.clients;
  for (size_t index = 0; index < count; ++index) {
    const HRESULT error = is_written ? ClientResult(errors.errors[index]) : ClientResult(FAILED(result) ? result : E_FAIL);
    batch->errors.push_back(error);
    if (error != S_OK) batch->master_error = S_FALSE;
  }
  const Lock lock(mutex);
  batch->group = settings.client;
  Deliver(std::move(batch));
}

HRESULT Group::Cancel(DWORD cancel_id) {
  Transaction transaction;
  if (!End(cancel_id, transaction)) return E_FAIL;
  if (transaction.correlation != 0) {
    link_->Forget(transaction.correlation);
    wire::Cancel cancel;
    cancel.request = transaction.correlation;
    link_->Post(cancel, [](HRESULT, const Link::Bytes&) {});
  }
  auto batch = std::make_shared<Batch>();
  batch->kind = Batch::Kind::kCancel;
  batch->transaction = transaction.client_transaction;
  batch->connection = transaction.connection;
  const Lock lock(mutex);
  batch->group = settings.client;
  Deliver(std::move(batch));
  return S_OK;
}

// Under the lock.
void Group::Deliver(std::shared_ptr<Batch> batch) {
  queued_rows_ += batch->clients.size();
  delivery_->Post([self = shared_from_this(), batch] {
    self->CallSinks(*batch);
    const Lock lock(self->mutex);
    self->queued_rows_ -= batch->clients.size();
    // The backlog is worked off: the last values of what was left out.
    if (self->queued_rows_ == 0) self->TellDirtyLocked();
  });
}

void Group::CallSinks(Batch& batch) {
  const auto count = static_cast<DWORD>(batch.clients.size());
  bool is_client_there = true;
  if (batch.connection == 0) {
    static_assert(sizeof(Variant) == sizeof(VARIANT), "handed to the client as an array of VARIANTs");
    auto* values = reinterpret_cast<VARIANT*>(batch.values.data());
    is_client_there = data_sinks->Each([&](IOPCDataCallback& sink, const auto&) {
      switch (batch.kind) {
        case Batch::Kind::kData:
          return sink.OnDataChange(batch.transaction, batch.group, batch.master_quality, batch.master_error, count, batch.clients.data(),
                                   values, batch.qualities.data(), batch.timestamps.data(), batch.errors.data());
        case Batch::Kind::kRead:
          return sink.OnReadComplete(batch.transaction, batch.group, batch.master_quality, batch.master_error, count,
                                     batch.clients.data(), values, batch.qualities.data(), batch.timestamps.data(), batch.errors.data());
        case Batch::Kind::kWrite:
          return sink.OnWriteComplete(batch.transaction, batch.group, batch.master_error, count, batch.clients.data(), batch.errors.data());
        case Batch::Kind::kCancel:
          break;
      }
      return sink.OnCancelComplete(batch.transaction, batch.group);
    });
  }
  if (batch.kind != Batch::Kind::kCancel && (batch.connection != 0 || batch.kind == Batch::Kind::kData)) {
    is_client_there = TellAdviseSinks(*advise_sinks, batch) && is_client_there;
  }
  if (!is_client_there && on_client_gone) on_client_gone();
}

}  // namespace understudy
