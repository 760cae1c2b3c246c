#include "advise_sinks.h"

#include "../common/com/da1_stream.h"
#include "group.h"

namespace understudy {
namespace {

DWORD Registered(const wchar_t* name) { return RegisterClipboardFormatW(name); }

HGLOBAL Encode(const Batch& batch, bool with_time) {
  if (batch.kind == Batch::Kind::kWrite) {
    return da1::ToGlobal(da1::EncodeWriteComplete(batch.group, batch.transaction, batch.master_error, batch.clients, batch.errors));
  }
  std::vector<da1::Row> rows;
  rows.reserve(batch.clients.size());
  for (size_t index = 0; index < batch.clients.size(); ++index) {
    rows.push_back({batch.clients[index], &batch.values[index].get(), batch.qualities[index], batch.timestamps[index]});
  }
  return da1::ToGlobal(da1::EncodeData(batch.group, batch.transaction, batch.master_error, rows, with_time));
}

}  // namespace

std::optional<DWORD> AdviseFormat(const FORMATETC& format) {
  for (const wchar_t* name : {da1::kDataFormat, da1::kDataTimeFormat, da1::kWriteCompleteFormat}) {
    if (Registered(name) == format.cfFormat) return format.cfFormat;
  }
  return std::nullopt;
}

bool IsWriteFormat(DWORD format) { return format == Registered(da1::kWriteCompleteFormat); }

bool TellAdviseSinks(Sinks<IAdviseSink>& sinks, const Batch& batch) {
  if (sinks.IsEmpty()) return true;
  return sinks.Each([&](IAdviseSink& sink, const auto& entry) {
    const bool is_write = batch.kind == Batch::Kind::kWrite;
    if (IsWriteFormat(entry.kind) != is_write || (batch.connection != 0 && batch.connection != entry.cookie)) return S_OK;
    const HGLOBAL block = Encode(batch, entry.kind == Registered(da1::kDataTimeFormat));
    if (!block) return E_OUTOFMEMORY;
    FORMATETC format = {static_cast<CLIPFORMAT>(entry.kind), nullptr, DVASPECT_CONTENT, -1, TYMED_HGLOBAL};
    STGMEDIUM medium = {};
    medium.tymed = TYMED_HGLOBAL;
    medium.hGlobal = block;
    sink.OnDataChange(&format, &medium);
    ReleaseStgMedium(&medium);
    return S_OK;
  });
}

}  // namespace understudy
