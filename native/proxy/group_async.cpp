// IOPCAsyncIO2, IOPCAsyncIO3 and the DA 1.0 way: IOPCAsyncIO with IDataObject.
#include <algorithm>

#include "advise_sinks.h"
#include "group_object.h"
#include "guard.h"

namespace understudy {

HRESULT GroupObject::StartRead(Source source, DWORD max_age_ms, DWORD count, OPCHANDLE* handles, DWORD client_transaction,
                               DWORD connection, DWORD* cancel_id, HRESULT** errors) {
  if (cancel_id) *cancel_id = 0;
  if (errors) *errors = nullptr;
  if (!cancel_id || !errors || !IsArray(handles, count)) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    if (group_->IsRemoved()) return E_FAIL;
    if (connection == 0 && group_->data_sinks->IsEmpty()) return CONNECT_E_NOCONNECTION;
    TaskArray<HRESULT> outcome(count);
    if (!outcome) return E_OUTOFMEMORY;
    wire::Read request;
    std::vector<DWORD> rows;
    Choose(count, handles, outcome.get(), rows, request.items);
    const bool is_whole = rows.size() == count;
    if (rows.empty()) {
      *errors = outcome.Detach();
      return S_FALSE;
    }
    request.server = kServer;
    request.group = group_->id;
    request.source = static_cast<uint8_t>(source);
    request.max_age_ms = max_age_ms;
    request.via = 1;
    Transaction transaction;
    transaction.kind = Batch::Kind::kRead;
    transaction.client_transaction = client_transaction;
    transaction.connection = connection;
    transaction.clients = ClientsOf(request.items);
    const DWORD id = group_->Begin(std::move(transaction));
    // DA 1.0 has the server choose the id that the callback bears: the one to cancel with.
    if (connection != 0) group_->SetClientTransaction(id, id);
    const uint32_t correlation = link().Post(std::move(request), [group = group_, id](HRESULT result, const Link::Bytes& body) {
      group->CompleteRead(id, result, body);
    });
    if (correlation == 0) {
      Transaction dropped;
      group_->End(id, dropped);
      return E_FAIL;
    }
    group_->SetCorrelation(id, correlation);
    *cancel_id = id;
    *errors = outcome.Detach();
    return is_whole ? S_OK : S_FALSE;
  });
}

HRESULT GroupObject::StartWrite(DWORD count, OPCHANDLE* handles, const VARIANT* values, const OPCITEMVQT* full, DWORD client_transaction,
                                DWORD connection, DWORD* cancel_id, HRESULT** errors) {
  if (cancel_id) *cancel_id = 0;
  if (errors) *errors = nullptr;
  if (!cancel_id || !errors || !IsArray(handles, count)) return E_INVALIDARG;
  if (full ? !IsArray(full, count) : !IsArray(values, count)) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    if (group_->IsRemoved()) return E_FAIL;
    if (connection == 0 && group_->data_sinks->IsEmpty()) return CONNECT_E_NOCONNECTION;
    TaskArray<HRESULT> outcome(count);
    if (!outcome) return E_OUTOFMEMORY;
    wire::Write request;
    std::vector<DWORD> rows;
    if (EncodeWrite(count, handles, values, full, 1, outcome.get(), rows, request) != S_OK) {
      *errors = outcome.Detach();
      return S_FALSE;
    }
    const bool is_whole = rows.size() == count;
    Transaction transaction;
    transaction.kind = Batch::Kind::kWrite;
    transaction.client_transaction = client_transaction;
    transaction.connection = connection;
    transaction.clients = ClientsOf(request.items);
    const DWORD id = group_->Begin(std::move(transaction));
    if (connection != 0) group_->SetClientTransaction(id, id);
    const uint32_t correlation = link().Post(std::move(request), [group = group_, id](HRESULT result, const Link::Bytes& body) {
      group->CompleteWrite(id, result, body);
    });
    if (correlation == 0) {
      Transaction dropped;
      group_->End(id, dropped);
      return E_FAIL;
    }
    group_->SetCorrelation(id, correlation);
    *cancel_id = id;
    *errors = outcome.Detach();
    return is_whole ? S_OK : S_FALSE;
  });
}

HRESULT GroupObject::StartRefresh(bool is_from_cache, DWORD client_transaction, DWORD connection, DWORD* cancel_id) {
  if (!cancel_id) return E_INVALIDARG;
  *cancel_id = 0;
  return Safely([&]() -> HRESULT {
    if (group_->IsRemoved()) return E_FAIL;
    if (connection == 0 && group_->data_sinks->IsEmpty()) return CONNECT_E_NOCONNECTION;
    Transaction transaction;
    transaction.kind = Batch::Kind::kData;
    transaction.client_transaction = client_transaction;
    transaction.connection = connection;
    const DWORD id = group_->Begin(transaction);
    if (connection != 0) group_->SetClientTransaction(id, id);
    Transaction begun;
    if (is_from_cache) {
      group_->End(id, begun);
      *cancel_id = id;
      return group_->RefreshFromCache(begun.client_transaction, connection);
    }
    bool has_active = false;
    {
      const Lock lock(group_->mutex);
      const auto handles = group_->items.Handles();
      has_active = group_->settings.is_active &&
                   std::any_of(handles.begin(), handles.end(), [&](uint32_t handle) { return group_->items.Find(handle)->is_active; });
    }
    wire::Refresh request;
    request.server = kServer;
    request.group = group_->id;
    request.source = static_cast<uint8_t>(Source::kDevice);
    request.transaction = id;
    const auto done = [group = group_, id](HRESULT result, const Link::Bytes&) {
      // The client learns of it as of a cancelled one; what it wanted comes with the next change of data.
      if (FAILED(result)) group->Cancel(id);
    };
    if (!has_active || link().Post(request, done) == 0) {
      group_->End(id, begun);
      return E_FAIL;
    }
    *cancel_id = id;
    return S_OK;
  });
}

STDMETHODIMP GroupObject::Read(DWORD count, OPCHANDLE* handles, DWORD transaction, DWORD* cancel_id, HRESULT** errors) {
  return StartRead(Source::kDevice, 0, count, handles, transaction, 0, cancel_id, errors);
}

STDMETHODIMP GroupObject::Write(DWORD count, OPCHANDLE* handles, VARIANT* values, DWORD transaction, DWORD* cancel_id,
                                HRESULT** errors) {
  return StartWrite(count, handles, values, nullptr, transaction, 0, cancel_id, errors);
}

STDMETHODIMP GroupObject::Refresh2(OPCDATASOURCE source, DWORD transaction, DWORD* cancel_id) {
  if (source != OPC_DS_CACHE && source != OPC_DS_DEVICE) return E_INVALIDARG;
  return StartRefresh(source == OPC_DS_CACHE, transaction, 0, cancel_id);
}

STDMETHODIMP GroupObject::Cancel2(DWORD cancel_id) {
  return Safely([&]() -> HRESULT { return group_->IsRemoved() ? E_FAIL : group_->Cancel(cancel_id); });
}

STDMETHODIMP GroupObject::SetEnable(BOOL enable) {
  return Safely([&]() -> HRESULT {
    if (group_->IsRemoved()) return E_FAIL;
    if (group_->data_sinks->IsEmpty()) return CONNECT_E_NOCONNECTION;
    const Lock lock(group_->mutex);
    group_->is_enabled = enable != FALSE;
    return S_OK;
  });
}

STDMETHODIMP GroupObject::GetEnable(BOOL* enable) {
  if (!enable) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    if (group_->IsRemoved()) return E_FAIL;
    if (group_->data_sinks->IsEmpty()) return CONNECT_E_NOCONNECTION;
    const Lock lock(group_->mutex);
    *enable = group_->is_enabled;
    return S_OK;
  });
}

STDMETHODIMP GroupObject::ReadMaxAge(DWORD count, OPCHANDLE* handles, DWORD* max_ages, DWORD transaction, DWORD* cancel_id,
                                     HRESULT** errors) {
  if (!IsArray(max_ages, count)) return E_INVALIDARG;
  const DWORD max_age_ms = *std::min_element(max_ages, max_ages + count);
  return StartRead(Source::kMaxAge, max_age_ms, count, handles, transaction, 0, cancel_id, errors);
}

STDMETHODIMP GroupObject::WriteVQT(DWORD count, OPCHANDLE* handles, OPCITEMVQT* items, DWORD transaction, DWORD* cancel_id,
                                   HRESULT** errors) {
  if (!items) return E_INVALIDARG;
  return StartWrite(count, handles, nullptr, items, transaction, 0, cancel_id, errors);
}

STDMETHODIMP GroupObject::RefreshMaxAge(DWORD max_age, DWORD transaction, DWORD* cancel_id) {
  return StartRefresh(max_age == 0xFFFFFFFF, transaction, 0, cancel_id);
}

STDMETHODIMP GroupObject::Read(DWORD connection, OPCDATASOURCE source, DWORD count, OPCHANDLE* handles, DWORD* transaction,
                               HRESULT** errors) {
  if (source != OPC_DS_CACHE && source != OPC_DS_DEVICE) return E_INVALIDARG;
  if (connection == 0 || !group_->advise_sinks->Has(connection)) return CONNECT_E_NOCONNECTION;
  const Source from = source == OPC_DS_CACHE ? Source::kCache : Source::kDevice;
  return StartRead(from, 0, count, handles, 0, connection, transaction, errors);
}

STDMETHODIMP GroupObject::Write(DWORD connection, DWORD count, OPCHANDLE* handles, VARIANT* values, DWORD* transaction,
                                HRESULT** errors) {
  if (connection == 0 || !group_->advise_sinks->Has(connection)) return CONNECT_E_NOCONNECTION;
  return StartWrite(count, handles, values, nullptr, 0, connection, transaction, errors);
}

STDMETHODIMP GroupObject::Refresh(DWORD connection, OPCDATASOURCE source, DWORD* transaction) {
  if (source != OPC_DS_CACHE && source != OPC_DS_DEVICE) return E_INVALIDARG;
  if (connection == 0 || !group_->advise_sinks->Has(connection)) return CONNECT_E_NOCONNECTION;
  return StartRefresh(source == OPC_DS_CACHE, 0, connection, transaction);
}

STDMETHODIMP GroupObject::Cancel(DWORD transaction) { return Cancel2(transaction); }

STDMETHODIMP GroupObject::DAdvise(FORMATETC* format, DWORD, IAdviseSink* sink, DWORD* connection) {
  if (connection) *connection = 0;
  if (!format || !sink || !connection) return E_INVALIDARG;
  return Safely([&]() -> HRESULT {
    if (group_->IsRemoved()) return E_FAIL;
    const auto kind = AdviseFormat(*format);
    if (!kind) return DV_E_FORMATETC;
    if ((format->tymed & TYMED_HGLOBAL) == 0) return DV_E_TYMED;
    const HRESULT result = group_->advise_sinks->Add(sink, *kind, connection);
    if (FAILED(result)) return E_FAIL;
    if (!IsWriteFormat(*kind)) group_->RefreshFromCache(0, *connection);
    return S_OK;
  });
}

STDMETHODIMP GroupObject::DUnadvise(DWORD connection) {
  return Safely([&] { return group_->advise_sinks->Remove(connection) ? S_OK : OLE_E_NOCONNECTION; });
}

STDMETHODIMP GroupObject::QueryGetData(FORMATETC* format) {
  if (!format) return E_INVALIDARG;
  return AdviseFormat(*format) ? S_OK : DV_E_FORMATETC;
}

// Data come by advice alone.
STDMETHODIMP GroupObject::GetData(FORMATETC*, STGMEDIUM*) { return E_NOTIMPL; }
STDMETHODIMP GroupObject::GetDataHere(FORMATETC*, STGMEDIUM*) { return E_NOTIMPL; }
STDMETHODIMP GroupObject::GetCanonicalFormatEtc(FORMATETC*, FORMATETC*) { return E_NOTIMPL; }
STDMETHODIMP GroupObject::SetData(FORMATETC*, STGMEDIUM*, BOOL) { return E_NOTIMPL; }
STDMETHODIMP GroupObject::EnumFormatEtc(DWORD, IEnumFORMATETC** out) {
  if (out) *out = nullptr;
  return E_NOTIMPL;
}
STDMETHODIMP GroupObject::EnumDAdvise(IEnumSTATDATA** out) {
  if (out) *out = nullptr;
  return E_NOTIMPL;
}

}  // namespace understudy
