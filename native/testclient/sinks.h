// What the server calls: data callbacks of DA 2.05A and 1.0, and the shutdown notice.
#pragma once

#include <objidl.h>
#include <opccomn.h>
#include <opcda.h>

#include <atomic>
#include <functional>
#include <memory>

#include "../common/com/com_object.h"
#include "../common/com/da1_stream.h"
#include "tally.h"

namespace understudy::testclient {

// Answers of asynchronous calls by transaction.
struct Completion {
  DWORD transaction = 0;
  std::string kind;  // read, write or cancel
  HRESULT master_error = S_OK;
  DWORD count = 0;
  HRESULT first_error = S_OK;
  WORD first_quality = 0;
};

class DataCallback : public ComObject<IOPCDataCallback> {
 public:
  using OnCompletion = std::function<void(const Completion&)>;
  // Client handles of the items are 1, 2, ...
  DataCallback(std::shared_ptr<Tally> tally, OnCompletion on_completion)
      : tally_(std::move(tally)), on_completion_(std::move(on_completion)) {}

  STDMETHODIMP OnDataChange(DWORD transaction, OPCHANDLE, HRESULT, HRESULT master_error, DWORD count, OPCHANDLE* handles,
                            VARIANT* values, WORD* qualities, FILETIME*, HRESULT* errors) override {
    tally_->Callback(count);
    // The answer to a refresh repeats values on purpose.
    if (transaction != 0) {
      on_completion_({transaction, "refresh", master_error, count, S_OK, count > 0 ? qualities[0] : WORD{0}});
      return S_OK;
    }
    for (DWORD row = 0; row < count; ++row) tally_->Value(handles[row] - 1, values[row], qualities[row], errors[row]);
    return S_OK;
  }
  STDMETHODIMP OnReadComplete(DWORD transaction, OPCHANDLE, HRESULT, HRESULT master_error, DWORD count, OPCHANDLE*,
                              VARIANT*, WORD* qualities, FILETIME*, HRESULT* errors) override {
    on_completion_({transaction, "read", master_error, count, count > 0 ? errors[0] : S_OK,
                    count > 0 ? qualities[0] : WORD{0}});
    return S_OK;
  }
  STDMETHODIMP OnWriteComplete(DWORD transaction, OPCHANDLE, HRESULT master_error, DWORD count, OPCHANDLE*,
                               HRESULT* errors) override {
    on_completion_({transaction, "write", master_error, count, count > 0 ? errors[0] : S_OK, 0});
    return S_OK;
  }
  STDMETHODIMP OnCancelComplete(DWORD transaction, OPCHANDLE) override {
    on_completion_({transaction, "cancel", S_OK, 0, S_OK, 0});
    return S_OK;
  }

 private:
  const std::shared_ptr<Tally> tally_;
  const OnCompletion on_completion_;
};

class AdviseSink : public ComObject<IAdviseSink> {
 public:
  // One for data and one for write completions: the format of a connection says which.
  AdviseSink(std::shared_ptr<Tally> tally, DataCallback::OnCompletion on_completion)
      : tally_(std::move(tally)), on_completion_(std::move(on_completion)) {}

  STDMETHODIMP_(void) OnDataChange(FORMATETC* format, STGMEDIUM* medium) override {
    if (!format || !medium || medium->tymed != TYMED_HGLOBAL) return;
    const auto* data = static_cast<const BYTE*>(GlobalLock(medium->hGlobal));
    if (format->cfFormat == RegisterClipboardFormatW(da1::kWriteCompleteFormat)) {
      OnWriteComplete(data, GlobalSize(medium->hGlobal));
      GlobalUnlock(medium->hGlobal);
      return;
    }
    da1::Decoded block;
    const bool ok = data && da1::DecodeData(data, GlobalSize(medium->hGlobal), true, block);
    GlobalUnlock(medium->hGlobal);
    tally_->Callback(block.rows.size());
    if (ok && block.header.dwTransactionID != 0) {
      const WORD quality = block.rows.empty() ? WORD{0} : block.rows[0].quality;
      on_completion_({block.header.dwTransactionID, "da1Read", block.header.hrStatus, block.header.dwItemCount, S_OK,
                      quality});
      return;
    }
    if (!ok) tally_->Value(SIZE_MAX, VARIANT{}, 0, E_FAIL);
    for (const auto& row : block.rows) tally_->Value(row.client_handle - 1, row.value.get(), row.quality, S_OK);
  }
  STDMETHODIMP_(void) OnViewChange(DWORD, LONG) override {}
  STDMETHODIMP_(void) OnRename(IMoniker*) override {}
  STDMETHODIMP_(void) OnSave() override {}
  STDMETHODIMP_(void) OnClose() override {}

 private:
  void OnWriteComplete(const BYTE* data, size_t size) {
    OPCGROUPHEADERWRITE header = {};
    OPCITEMHEADERWRITE first = {};
    if (!data || size < sizeof header) return;
    std::memcpy(&header, data, sizeof header);
    if (header.dwItemCount > 0 && size >= sizeof header + sizeof first) {
      std::memcpy(&first, data + sizeof header, sizeof first);
    }
    on_completion_({header.dwTransactionID, "da1Write", header.hrStatus, header.dwItemCount, first.dwError, 0});
  }

  const std::shared_ptr<Tally> tally_;
  const DataCallback::OnCompletion on_completion_;
};

class ShutdownSink : public ComObject<IOPCShutdown> {
 public:
  explicit ShutdownSink(std::function<void(const std::wstring&)> on_shutdown) : on_shutdown_(std::move(on_shutdown)) {}
  STDMETHODIMP ShutdownRequest(LPCWSTR reason) override {
    on_shutdown_(WideOf(reason));
    return S_OK;
  }

 private:
  const std::function<void(const std::wstring&)> on_shutdown_;
};

}  // namespace understudy::testclient
