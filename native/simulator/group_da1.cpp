// OPC DA 1.0: IOPCAsyncIO and IDataObject.
#include "group.h"

namespace understudy::simulator {

STDMETHODIMP Group::Read(DWORD connection, OPCDATASOURCE source, DWORD count, OPCHANDLE* handles, DWORD* transaction,
                         HRESULT** errors) {
  if (errors) *errors = nullptr;
  if (!transaction || (source != OPC_DS_CACHE && source != OPC_DS_DEVICE)) return E_INVALIDARG;
  *transaction = 0;
  if (!advise_.Takes(connection, false)) return CONNECT_E_NOCONNECTION;
  const bool from_cache = source == OPC_DS_CACHE;
  return QueueRead(count, handles, errors, [&](std::vector<GroupItem> items) {
    // The transaction id is the server's, the same as the id by which it can be cancelled.
    *transaction = Enqueue(0, [this, connection, from_cache, items = std::move(items)](DWORD id) {
      const Rows rows = ReadItems(items, from_cache);
      advise_.SendData(client_handle(), id, rows.HasErrors() ? S_FALSE : S_OK, rows, connection);
    });
  });
}

STDMETHODIMP Group::Write(DWORD connection, DWORD count, OPCHANDLE* handles, VARIANT* values, DWORD* transaction,
                          HRESULT** errors) {
  if (errors) *errors = nullptr;
  if (!transaction) return E_INVALIDARG;
  *transaction = 0;
  if (!advise_.Takes(connection, true)) return CONNECT_E_NOCONNECTION;
  return QueueWrite(count, handles, values, nullptr, errors, [&](std::shared_ptr<std::vector<PendingWrite>> writes) {
    *transaction = Enqueue(0, [this, connection, writes](DWORD id) {
      std::vector<OPCHANDLE> client_handles;
      std::vector<HRESULT> outcome;
      for (PendingWrite& write : *writes) {
        client_handles.push_back(write.client_handle);
        outcome.push_back(write.item->Write(write.value.get(), nullptr, nullptr));
      }
      advise_.SendWriteComplete(connection, client_handle(), id, client_handles, outcome);
    });
  });
}

STDMETHODIMP Group::Refresh(DWORD connection, OPCDATASOURCE source, DWORD* transaction) {
  world_->faults.WaitWhileHanging();
  if (!transaction || (source != OPC_DS_CACHE && source != OPC_DS_DEVICE)) return E_INVALIDARG;
  *transaction = 0;
  if (!advise_.Takes(connection, false)) return CONNECT_E_NOCONNECTION;
  *transaction = Enqueue(0, [this, connection, source](DWORD id) {
    const Rows rows = ReadAll(source == OPC_DS_CACHE, true);
    advise_.SendData(client_handle(), id, rows.HasErrors() ? S_FALSE : S_OK, rows, connection);
  });
  return S_OK;
}

STDMETHODIMP Group::Cancel(DWORD transaction) { return Cancel2(transaction); }

STDMETHODIMP Group::DAdvise(FORMATETC* format, DWORD, IAdviseSink* sink, DWORD* connection) {
  world_->faults.Pass();
  if (!format || !sink || !connection) return E_INVALIDARG;
  *connection = 0;
  const HRESULT result = advise_.Advise(*format, sink, connection);
  if (FAILED(result)) return result;
  // A new connection is owed every value once.
  std::lock_guard lock(mutex_);
  for (auto& [handle, item] : items_) item.sent_version.reset();
  return S_OK;
}

STDMETHODIMP Group::DUnadvise(DWORD connection) {
  world_->faults.Pass();
  return advise_.Unadvise(connection);
}

STDMETHODIMP Group::GetData(FORMATETC*, STGMEDIUM*) { return E_NOTIMPL; }

}  // namespace understudy::simulator
