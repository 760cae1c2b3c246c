#include "group_link.h"

namespace understudy::helper {
namespace {

constexpr uint8_t kSourceCache = 1;
constexpr uint8_t kSourceDevice = 2;
constexpr uint8_t kSourceMaxAge = 3;
constexpr uint8_t kGivenQuality = 1;
constexpr uint8_t kGivenTime = 2;

static_assert(sizeof(Variant) == sizeof(VARIANT), "lists of Variant are handed over as VARIANT arrays");

// The values of the rows that exist, one after another as COM wants them. They share what the list owns.
std::vector<VARIANT> Gather(VariantList& values, const std::vector<size_t>& rows) {
  std::vector<VARIANT> gathered;
  for (const size_t row : rows) gathered.push_back(values[row].get());
  return gathered;
}

std::vector<OPCITEMVQT> GatherVqts(const wire::Write& request, VariantList& values, const std::vector<size_t>& rows) {
  std::vector<OPCITEMVQT> gathered(rows.size());
  for (size_t index = 0; index < rows.size(); ++index) {
    const size_t row = rows[index];
    OPCITEMVQT& vqt = gathered[index];
    vqt = {};
    vqt.vDataValue = values[row].get();
    vqt.bQualitySpecified = (request.given[row] & kGivenQuality) != 0;
    vqt.wQuality = request.qualities[row];
    vqt.bTimeStampSpecified = (request.given[row] & kGivenTime) != 0;
    vqt.ftTimeStamp = FiletimeOf(request.timestamps[row]);
  }
  return gathered;
}

}  // namespace

GroupLink::PreparedRead GroupLink::Prepare(const wire::Read& request) const {
  PreparedRead read{request, {}, {}, sync_};
  Resolve(request.items, read.handles, read.rows);
  return read;
}

HRESULT GroupLink::Read(const PreparedRead& read, wire::States& answer) {
  const size_t total = read.request.items.size();
  const auto& sync = read.sync;
  if (!sync) return E_NOINTERFACE;
  if (total == 0 || read.request.source < kSourceCache || read.request.source > kSourceMaxAge) return E_INVALIDARG;
  const auto count = static_cast<DWORD>(read.handles.size());
  auto* handles = const_cast<OPCHANDLE*>(read.handles.data());
  StatesBuilder builder(total);
  TaskArray<HRESULT> errors;
  HRESULT result = S_FALSE;
  // Rows in between that do not exist are filled in their places.
  size_t next_row = 0;
  const auto skip_to = [&](size_t row) {
    for (; next_row < row; ++next_row) builder.AddError(OPC_E_INVALIDHANDLE);
    ++next_row;
  };
  if (count > 0 && read.request.source == kSourceMaxAge) {
    const auto sync2 = sync.As<IOPCSyncIO2>();
    if (!sync2) return E_NOINTERFACE;
    std::vector<DWORD> ages(count, read.request.max_age_ms);
    TaskArray<VARIANT> values;
    TaskArray<WORD> qualities;
    TaskArray<FILETIME> times;
    result = sync2->ReadMaxAge(count, handles, ages.data(), values.Out(count), qualities.Out(count), times.Out(count),
                               errors.Out(count));
    if (FAILED(result)) return result;
    if (!values || !qualities || !times || !errors) return E_POINTER;
    for (DWORD index = 0; index < count; ++index) {
      skip_to(read.rows[index]);
      builder.Add(errors[index], qualities[index], times[index], values[index]);
    }
  } else if (count > 0) {
    OPCITEMSTATE* states = nullptr;
    const auto source = read.request.source == kSourceDevice ? OPC_DS_DEVICE : OPC_DS_CACHE;
    result = sync->Read(source, count, handles, &states, errors.Out(count));
    if (FAILED(result)) return result;
    if (!states || !errors) return E_POINTER;
    for (DWORD index = 0; index < count; ++index) {
      skip_to(read.rows[index]);
      builder.Add(errors[index], states[index].wQuality, states[index].ftTimeStamp, states[index].vDataValue);
      VariantClear(&states[index].vDataValue);
    }
    CoTaskMemFree(states);
  }
  for (; next_row < total; ++next_row) builder.AddError(OPC_E_INVALIDHANDLE);
  answer = builder.Finish();
  return read.rows.size() < total ? S_FALSE : result;
}

void GroupLink::ReadAsync(const PreparedRead& read, std::shared_ptr<Responder> responder) {
  const auto async = ComPtr<IOPCAsyncIO2>(async_);
  if (!async || !cookie_) return responder->Fail(E_NOINTERFACE);
  if (read.request.items.empty()) return responder->Fail(E_INVALIDARG);
  const auto count = static_cast<DWORD>(read.handles.size());
  const DWORD transaction = pending_.Begin(std::move(responder), true, read.request.items);
  TaskArray<HRESULT> errors;
  DWORD cancel_id = 0;
  HRESULT result = S_FALSE;
  auto* handles = const_cast<OPCHANDLE*>(read.handles.data());
  if (count > 0 && read.request.source == kSourceMaxAge) {
    const auto async3 = async.As<IOPCAsyncIO3>();
    std::vector<DWORD> ages(count, read.request.max_age_ms);
    result = async3 ? async3->ReadMaxAge(count, handles, ages.data(), transaction, &cancel_id, errors.Out(count))
                    : E_NOINTERFACE;
  } else if (count > 0) {
    result = async->Read(count, handles, transaction, &cancel_id, errors.Out(count));
  }
  pending_.Returned(transaction, result, cancel_id, read.rows, errors.get());
}

void GroupLink::Write(const wire::Write& request, std::shared_ptr<Responder> responder) {
  const size_t total = request.items.size();
  const bool with_vqt = !request.given.empty();
  if (total == 0 || request.values.count != total) return responder->Fail(E_INVALIDARG);
  if (with_vqt &&
      (request.given.size() != total || request.qualities.size() != total || request.timestamps.size() != total)) {
    return responder->Fail(E_INVALIDARG);
  }
  VariantList values;
  const HRESULT taken = values.Take(request.values);
  if (FAILED(taken)) return responder->Fail(taken);
  std::vector<OPCHANDLE> handles;
  std::vector<size_t> rows;
  Resolve(request.items, handles, rows);
  if (request.via == 1) return WriteAsync(request, values, handles, rows, std::move(responder));
  wire::Errors answer;
  const HRESULT result = WriteNow(request, values, handles, rows, answer);
  responder->Answer(result, answer);
}

HRESULT GroupLink::WriteNow(const wire::Write& request, VariantList& values, const std::vector<OPCHANDLE>& handles,
                            const std::vector<size_t>& rows, wire::Errors& answer) {
  if (!sync_) return E_NOINTERFACE;
  answer.errors.assign(request.items.size(), OPC_E_INVALIDHANDLE);
  const auto count = static_cast<DWORD>(handles.size());
  if (count == 0) return S_FALSE;
  auto* to = const_cast<OPCHANDLE*>(handles.data());
  TaskArray<HRESULT> errors;
  HRESULT result;
  if (request.given.empty()) {
    result = sync_->Write(count, to, Gather(values, rows).data(), errors.Out(count));
  } else {
    const auto sync2 = sync_.As<IOPCSyncIO2>();
    if (!sync2) return OPC_E_NOTSUPPORTED;
    result = sync2->WriteVQT(count, to, GatherVqts(request, values, rows).data(), errors.Out(count));
  }
  if (FAILED(result)) return result;
  if (!errors) return E_POINTER;
  for (DWORD index = 0; index < count; ++index) answer.errors[rows[index]] = errors[index];
  return rows.size() < request.items.size() ? S_FALSE : result;
}

void GroupLink::WriteAsync(const wire::Write& request, VariantList& values, const std::vector<OPCHANDLE>& handles,
                           const std::vector<size_t>& rows, std::shared_ptr<Responder> responder) {
  if (!async_ || !cookie_) return responder->Fail(E_NOINTERFACE);
  const auto count = static_cast<DWORD>(handles.size());
  const DWORD transaction = pending_.Begin(std::move(responder), false, request.items);
  TaskArray<HRESULT> errors;
  DWORD cancel_id = 0;
  HRESULT result = S_FALSE;
  auto* to = const_cast<OPCHANDLE*>(handles.data());
  if (count > 0 && request.given.empty()) {
    result = async_->Write(count, to, Gather(values, rows).data(), transaction, &cancel_id, errors.Out(count));
  } else if (count > 0) {
    const auto async3 = async_.As<IOPCAsyncIO3>();
    result = async3 ? async3->WriteVQT(count, to, GatherVqts(request, values, rows).data(), transaction, &cancel_id,
                                       errors.Out(count))
                    : OPC_E_NOTSUPPORTED;
  }
  pending_.Returned(transaction, result, cancel_id, rows, errors.get());
}

HRESULT GroupLink::Refresh(const wire::Refresh& request) {
  if (!async_ || !cookie_) return E_NOINTERFACE;
  if (request.transaction == 0 || request.source < kSourceCache || request.source > kSourceDevice) return E_INVALIDARG;
  DWORD cancel_id = 0;
  return async_->Refresh2(request.source == kSourceDevice ? OPC_DS_DEVICE : OPC_DS_CACHE, request.transaction,
                          &cancel_id);
}

HRESULT GroupLink::CancelAsync(uint32_t correlation) {
  ComPtr<IOPCAsyncIO2> async;
  {
    std::lock_guard lock(mutex_);
    async = async_;
  }
  const DWORD cancel_id = pending_.CancelIdOf(correlation);
  return async && cancel_id ? async->Cancel2(cancel_id) : S_FALSE;
}

}  // namespace understudy::helper
