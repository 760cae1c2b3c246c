#include "session.h"

#include <cstdio>

#include "../common/text/utf.h"

namespace understudy::testclient {
namespace {

DWORD ContextOf(const std::string& name) {
  if (name == "inproc") return CLSCTX_INPROC_SERVER;
  if (name == "local") return CLSCTX_LOCAL_SERVER;
  return CLSCTX_ALL;
}

}  // namespace

std::string HexOf(HRESULT result) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%08lX", static_cast<unsigned long>(result));
  return text;
}

std::string JsonOf(const VARIANT& value) {
  if (V_VT(&value) == VT_BSTR) return json::Quoted(Utf8Of(WideOf(V_BSTR(&value))));
  if (V_VT(&value) == VT_BOOL) return V_BOOL(&value) ? "true" : "false";
  if (V_VT(&value) & VT_ARRAY) return json::Quoted("array");
  Variant number;
  if (FAILED(VariantChangeType(number.Out(), const_cast<VARIANT*>(&value), 0, VT_R8))) return "null";
  return json::NumberText(V_R8(&number.get()));
}

HRESULT Session::Connect(const json::Object& command, json::Writer& answer) {
  Disconnect();
  CLSID clsid;
  HRESULT result = CLSIDFromProgID(WideOfUtf8(command.Text("progId")).c_str(), &clsid);
  if (FAILED(result)) return result;
  const ULONGLONG begin = GetTickCount64();
  result = CoCreateInstance(clsid, nullptr, ContextOf(command.Text("context")), __uuidof(IOPCServer), server_.OutVoid());
  answer.Number("ms", static_cast<double>(GetTickCount64() - begin));
  if (FAILED(result)) return result;
  const auto container = server_.As<IConnectionPointContainer>();
  answer.Flag("common", static_cast<bool>(server_.As<IOPCCommon>()))
      .Flag("browse3", static_cast<bool>(server_.As<IOPCBrowse>()))
      .Flag("itemIo", static_cast<bool>(server_.As<IOPCItemIO>()));
  if (const auto common = server_.As<IOPCCommon>()) common->SetClientName(L"understudy-da-testclient");
  if (!container || FAILED(container->FindConnectionPoint(__uuidof(IOPCShutdown), shutdown_point_.Out()))) return S_OK;
  const auto sink = ComPtr<ShutdownSink>::Adopt(new ShutdownSink([emit = emit_](const std::wstring& reason) {
    emit(json::Writer().Text("event", "shutdown").Text("reason", Utf8Of(reason)).Finish());
  }));
  shutdown_point_->Advise(sink.get(), &shutdown_cookie_);
  return S_OK;
}

HRESULT Session::Status(json::Writer& answer) {
  if (!server_) return E_UNEXPECTED;
  OPCSERVERSTATUS* status = nullptr;
  const ULONGLONG begin = GetTickCount64();
  const HRESULT result = server_->GetStatus(&status);
  answer.Number("ms", static_cast<double>(GetTickCount64() - begin));
  if (FAILED(result) || !status) return result;
  answer.Number("state", status->dwServerState).Number("groups", status->dwGroupCount);
  answer.Text("vendor", Utf8Of(WideOf(status->szVendorInfo)));
  CoTaskMemFree(status->szVendorInfo);
  CoTaskMemFree(status);
  return result;
}

HRESULT Session::Subscribe(const json::Object& command, json::Writer& answer) {
  if (!server_) return E_UNEXPECTED;
  const auto count = static_cast<DWORD>(command.Number("items", 1));
  const auto rate_ms = static_cast<DWORD>(command.Number("rateMs", 100));
  const auto first = static_cast<DWORD>(command.Number("first", 0));
  const std::wstring prefix = WideOfUtf8(command.Text("prefix", "Ramp"));
  const std::wstring single = WideOfUtf8(command.Text("item"));
  FLOAT deadband = static_cast<FLOAT>(command.Number("deadband"));
  DWORD revised_ms = 0;
  HRESULT result = server_->AddGroup(L"", command.Flag("active", true), rate_ms, 77, nullptr, &deadband, 0,
                                     &group_handle_, &revised_ms, __uuidof(IOPCItemMgt), group_.OutUnknown());
  if (FAILED(result)) return result;
  answer.Number("revisedRateMs", revised_ms);
  const auto period_ms = static_cast<int64_t>(command.Number("periodMs", 100));
  tally_ = std::make_shared<Tally>(count, std::max<int64_t>(1, revised_ms / period_ms));
  result = Advise(command.Text("via", "da2"));
  if (FAILED(result)) return result;

  std::vector<std::wstring> ids;
  std::vector<OPCITEMDEF> definitions(count);
  for (DWORD index = 0; index < count; ++index) {
    ids.push_back(single.empty() ? prefix + std::to_wstring(first + index) : single);
  }
  for (DWORD index = 0; index < count; ++index) {
    definitions[index] = {};
    definitions[index].szAccessPath = const_cast<LPWSTR>(L"");
    definitions[index].szItemID = ids[index].data();
    definitions[index].bActive = TRUE;
    definitions[index].hClient = index + 1;
    definitions[index].vtRequestedDataType = static_cast<VARTYPE>(command.Number("type"));
  }
  TaskArray<OPCITEMRESULT> results;
  TaskArray<HRESULT> errors;
  result = group_->AddItems(count, definitions.data(), results.Out(count), errors.Out(count));
  if (FAILED(result)) return result;
  handles_.clear();
  by_id_.clear();
  std::string first_error;
  for (DWORD index = 0; index < count; ++index) {
    if (FAILED(errors[index])) {
      if (first_error.empty()) first_error = HexOf(errors[index]);
      continue;
    }
    handles_.push_back(results[index].hServer);
    by_id_[ids[index]] = results[index].hServer;
    CoTaskMemFree(results[index].pBlob);
  }
  answer.Number("added", static_cast<double>(handles_.size())).Text("firstError", first_error);
  return result;
}

HRESULT Session::Advise(const std::string& via) {
  if (via == "none") return S_OK;
  if (via == "da1") {
    data_object_ = group_.As<IDataObject>();
    if (!data_object_) return E_NOINTERFACE;
    const auto sink = ComPtr<AdviseSink>::Adopt(
        new AdviseSink(tally_, [this](const Completion& completion) { OnCompletion(completion); }));
    FORMATETC format = {static_cast<CLIPFORMAT>(RegisterClipboardFormatW(da1::kDataTimeFormat)), nullptr,
                        DVASPECT_CONTENT, -1, TYMED_HGLOBAL};
    const HRESULT advised = data_object_->DAdvise(&format, ADVF_PRIMEFIRST, sink.get(), &advise_connection_);
    if (FAILED(advised)) return advised;
    format.cfFormat = static_cast<CLIPFORMAT>(RegisterClipboardFormatW(da1::kWriteCompleteFormat));
    return data_object_->DAdvise(&format, ADVF_PRIMEFIRST, sink.get(), &write_connection_);
  }
  const auto container = group_.As<IConnectionPointContainer>();
  if (!container) return E_NOINTERFACE;
  const HRESULT found = container->FindConnectionPoint(__uuidof(IOPCDataCallback), data_point_.Out());
  if (FAILED(found)) return found;
  const auto sink = ComPtr<DataCallback>::Adopt(
      new DataCallback(tally_, [this](const Completion& completion) { OnCompletion(completion); }));
  return data_point_->Advise(sink.get(), &data_cookie_);
}

void Session::OnCompletion(const Completion& completion) {
  emit_(json::Writer()
            .Text("event", completion.kind)
            .Number("transaction", completion.transaction)
            .Text("masterError", HexOf(completion.master_error))
            .Number("count", completion.count)
            .Text("firstError", HexOf(completion.first_error))
            .Number("firstQuality", completion.first_quality)
            .Finish());
}

HRESULT Session::Stats(const json::Object& command, json::Writer& answer) {
  if (!tally_) return E_UNEXPECTED;
  tally_->Report(answer);
  answer.Number("objects", static_cast<double>(LiveObjects::Count()));
  if (command.Flag("reset")) tally_->Reset();
  return S_OK;
}

HRESULT Session::SetGroup(const json::Object& command, json::Writer& answer) {
  const auto state = group_.As<IOPCGroupStateMgt2>();
  if (!state) return E_UNEXPECTED;
  BOOL active = command.Flag("active", true);
  auto rate_ms = static_cast<DWORD>(command.Number("rateMs"));
  DWORD revised_ms = 0;
  HRESULT result = state->SetState(command.Has("rateMs") ? &rate_ms : nullptr, &revised_ms,
                                   command.Has("active") ? &active : nullptr, nullptr, nullptr, nullptr, nullptr);
  answer.Number("revisedRateMs", revised_ms);
  if (SUCCEEDED(result) && command.Has("keepAliveMs")) {
    DWORD keep_alive_ms = 0;
    result = state->SetKeepAlive(static_cast<DWORD>(command.Number("keepAliveMs")), &keep_alive_ms);
    answer.Number("keepAliveMs", keep_alive_ms);
  }
  DWORD rate;
  BOOL is_active;
  OwnedString name;
  LONG bias;
  FLOAT deadband;
  DWORD locale;
  OPCHANDLE client_handle;
  OPCHANDLE server_handle;
  if (SUCCEEDED(state->GetState(&rate, &is_active, name.Out(), &bias, &deadband, &locale, &client_handle,
                                &server_handle))) {
    answer.Text("name", Utf8Of(WideOf(name.get()))).Number("rateMs", rate).Flag("active", is_active != FALSE);
  }
  return result;
}

HRESULT Session::RemoveGroup() {
  if (!server_ || !group_) return E_UNEXPECTED;
  if (data_point_ && data_cookie_) data_point_->Unadvise(data_cookie_);
  if (data_object_ && advise_connection_) data_object_->DUnadvise(advise_connection_);
  if (data_object_ && write_connection_) data_object_->DUnadvise(write_connection_);
  data_cookie_ = advise_connection_ = write_connection_ = 0;
  data_point_.Reset();
  data_object_.Reset();
  group_.Reset();
  handles_.clear();
  return server_->RemoveGroup(group_handle_, FALSE);
}

void Session::Disconnect() {
  if (group_) RemoveGroup();
  if (shutdown_point_ && shutdown_cookie_) shutdown_point_->Unadvise(shutdown_cookie_);
  shutdown_cookie_ = 0;
  shutdown_point_.Reset();
  server_.Reset();
}

}  // namespace understudy::testclient
