#include "data_advise.h"

#include <algorithm>

#include "../common/com/connection_points.h"
#include "../common/com/da1_stream.h"
#include "group.h"

namespace understudy::simulator {
namespace {

bool FormatOf(CLIPFORMAT clip_format, DataAdvise::Format& out) {
  const auto is = [&](const wchar_t* name) { return RegisterClipboardFormatW(name) == clip_format; };
  if (is(da1::kDataTimeFormat)) out = DataAdvise::Format::kDataTime;
  else if (is(da1::kDataFormat)) out = DataAdvise::Format::kData;
  else if (is(da1::kWriteCompleteFormat)) out = DataAdvise::Format::kWriteComplete;
  else return false;
  return true;
}

CLIPFORMAT ClipFormatOf(DataAdvise::Format format) {
  switch (format) {
    case DataAdvise::Format::kData:
      return static_cast<CLIPFORMAT>(RegisterClipboardFormatW(da1::kDataFormat));
    case DataAdvise::Format::kDataTime:
      return static_cast<CLIPFORMAT>(RegisterClipboardFormatW(da1::kDataTimeFormat));
    case DataAdvise::Format::kWriteComplete:
      break;
  }
  return static_cast<CLIPFORMAT>(RegisterClipboardFormatW(da1::kWriteCompleteFormat));
}

}  // namespace

HRESULT DataAdvise::Advise(const FORMATETC& format, IAdviseSink* sink, DWORD* connection) {
  Format wanted;
  if (!FormatOf(format.cfFormat, wanted)) return DV_E_FORMATETC;
  if (!(format.tymed & TYMED_HGLOBAL)) return DV_E_TYMED;
  std::lock_guard lock(mutex_);
  entries_.push_back({++last_, wanted, ComPtr<IAdviseSink>(sink)});
  *connection = last_;
  return S_OK;
}

HRESULT DataAdvise::Unadvise(DWORD connection) {
  Entry removed{};
  std::lock_guard lock(mutex_);
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.connection == connection; });
  if (found == entries_.end()) return OLE_E_NOCONNECTION;
  removed = std::move(*found);
  entries_.erase(found);
  return S_OK;
}

bool DataAdvise::empty() const {
  std::lock_guard lock(mutex_);
  return entries_.empty();
}

bool DataAdvise::Takes(DWORD connection, bool write) const {
  std::lock_guard lock(mutex_);
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.connection == connection && (entry.format == Format::kWriteComplete) == write;
  });
}

void DataAdvise::Clear() {
  std::vector<Entry> removed;
  std::lock_guard lock(mutex_);
  removed.swap(entries_);
}

std::vector<DataAdvise::Entry> DataAdvise::Snapshot() const {
  std::lock_guard lock(mutex_);
  return entries_;
}

void DataAdvise::Send(const Entry& entry, HGLOBAL memory) const {
  if (!memory) return;
  FORMATETC format = {ClipFormatOf(entry.format), nullptr, DVASPECT_CONTENT, -1, TYMED_HGLOBAL};
  STGMEDIUM medium = {};
  medium.tymed = TYMED_HGLOBAL;
  medium.hGlobal = memory;
  entry.sink->OnDataChange(&format, &medium);
  GlobalFree(memory);
}

void DataAdvise::SendData(OPCHANDLE client_group, DWORD transaction, HRESULT status, const Rows& rows,
                          DWORD connection) {
  const auto entries = Snapshot();
  if (entries.empty()) return;
  std::vector<da1::Row> block_rows;
  for (size_t index = 0; index < rows.handles.size(); ++index) {
    block_rows.push_back({rows.handles[index], &rows.values[index], rows.qualities[index], rows.times[index]});
  }
  for (const Entry& entry : entries) {
    if (entry.format == Format::kWriteComplete || (connection != 0 && entry.connection != connection)) continue;
    const bool with_time = entry.format == Format::kDataTime;
    Send(entry, da1::ToGlobal(da1::EncodeData(client_group, transaction, status, block_rows, with_time)));
  }
}

void DataAdvise::SendWriteComplete(DWORD connection, OPCHANDLE client_group, DWORD transaction,
                                   const std::vector<OPCHANDLE>& handles, const std::vector<HRESULT>& errors) {
  const bool failed = std::any_of(errors.begin(), errors.end(), [](HRESULT error) { return error != S_OK; });
  for (const Entry& entry : Snapshot()) {
    if (entry.connection != connection) continue;
    Send(entry, da1::ToGlobal(da1::EncodeWriteComplete(client_group, transaction, failed ? S_FALSE : S_OK, handles,
                                                        errors)));
  }
}

}  // namespace understudy::simulator
