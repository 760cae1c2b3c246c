#include <windows.h>

#include "../common/text/utf.h"
#include "session.h"

namespace understudy::testclient {
namespace {

double NowUs() {
  LARGE_INTEGER count;
  LARGE_INTEGER frequency;
  QueryPerformanceCounter(&count);
  QueryPerformanceFrequency(&frequency);
  return static_cast<double>(count.QuadPart) * 1e6 / static_cast<double>(frequency.QuadPart);
}

void ReportTimes(std::vector<double>& times_us, json::Writer& answer) {
  if (times_us.empty()) return;
  std::sort(times_us.begin(), times_us.end());
  answer.Number("medianUs", times_us[times_us.size() / 2])
      .Number("p99Us", times_us[std::min(times_us.size() - 1, times_us.size() * 99 / 100)]);
}

// A value as the command gives it: text, number or flag.
Variant ValueOf(const json::Object& command) {
  Variant value;
  VARIANT* to = value.Out();
  const std::string text = command.Text("value", "\x01");
  if (text != "\x01") {
    V_VT(to) = VT_BSTR;
    V_BSTR(to) = SysAllocString(WideOfUtf8(text).c_str());
  } else if (command.Flag("value") || !command.Flag("value", true)) {
    V_VT(to) = VT_BOOL;
    V_BOOL(to) = command.Flag("value") ? VARIANT_TRUE : VARIANT_FALSE;
  } else {
    V_VT(to) = VT_R8;
    V_R8(to) = command.Number("value");
  }
  return value;
}

}  // namespace

HRESULT Session::Read(const json::Object& command, json::Writer& answer) {
  const auto io = group_.As<IOPCSyncIO>();
  if (!io) return E_UNEXPECTED;
  const OPCDATASOURCE source = command.Text("source") == "device" ? OPC_DS_DEVICE : OPC_DS_CACHE;
  const auto count = std::min(static_cast<DWORD>(command.Number("items", 1)), static_cast<DWORD>(handles_.size()));
  const int repeat = static_cast<int>(command.Number("repeat", 1));
  std::vector<double> times_us;
  HRESULT result = S_OK;
  for (int round = 0; round < repeat && SUCCEEDED(result); ++round) {
    OPCITEMSTATE* states = nullptr;
    TaskArray<HRESULT> errors;
    const double begin = NowUs();
    result = io->Read(source, count, handles_.data(), &states, errors.Out(count));
    times_us.push_back(NowUs() - begin);
    if (FAILED(result) || !states) break;
    if (round == 0 && count > 0) {
      answer.Raw("value", JsonOf(states[0].vDataValue)).Number("type", V_VT(&states[0].vDataValue));
      answer.Number("quality", states[0].wQuality).Text("firstError", HexOf(errors[0]));
      answer.Number("clientHandle", states[0].hClient);
    }
    for (DWORD index = 0; index < count; ++index) VariantClear(&states[index].vDataValue);
    CoTaskMemFree(states);
  }
  ReportTimes(times_us, answer);
  return result;
}

HRESULT Session::Write(const json::Object& command, json::Writer& answer) {
  const auto io = group_.As<IOPCSyncIO>();
  if (!io) return E_UNEXPECTED;
  const auto found = by_id_.find(WideOfUtf8(command.Text("item")));
  OPCHANDLE handle = found == by_id_.end() ? static_cast<OPCHANDLE>(command.Number("handle")) : found->second;
  Variant value = ValueOf(command);
  TaskArray<HRESULT> errors;
  const HRESULT result = io->Write(1, &handle, &value.get(), errors.Out(1));
  if (SUCCEEDED(result)) answer.Text("error", HexOf(errors[0]));
  return result;
}

HRESULT Session::AsyncRead(const json::Object& command, json::Writer& answer) {
  const auto io = group_.As<IOPCAsyncIO2>();
  if (!io) return E_UNEXPECTED;
  const auto count = std::min(static_cast<DWORD>(command.Number("items", 1)), static_cast<DWORD>(handles_.size()));
  DWORD cancel_id = 0;
  TaskArray<HRESULT> errors;
  const DWORD transaction = ++last_transaction_;
  const HRESULT result = io->Read(count, handles_.data(), transaction, &cancel_id, errors.Out(count));
  answer.Number("transaction", transaction).Number("cancelId", cancel_id);
  return result;
}

HRESULT Session::AsyncWrite(const json::Object& command, json::Writer& answer) {
  const auto io = group_.As<IOPCAsyncIO2>();
  const auto found = by_id_.find(WideOfUtf8(command.Text("item")));
  if (!io || found == by_id_.end()) return E_UNEXPECTED;
  Variant value = ValueOf(command);
  DWORD cancel_id = 0;
  TaskArray<HRESULT> errors;
  const DWORD transaction = ++last_transaction_;
  OPCHANDLE handle = found->second;
  const HRESULT result = io->Write(1, &handle, &value.get(), transaction, &cancel_id, errors.Out(1));
  answer.Number("transaction", transaction).Number("cancelId", cancel_id);
  if (SUCCEEDED(result)) answer.Text("error", HexOf(errors[0]));
  return result;
}

HRESULT Session::Refresh(const json::Object& command, json::Writer& answer) {
  const auto io = group_.As<IOPCAsyncIO2>();
  if (!io) return E_UNEXPECTED;
  DWORD cancel_id = 0;
  const DWORD transaction = ++last_transaction_;
  answer.Number("transaction", transaction);
  return io->Refresh2(command.Text("source") == "device" ? OPC_DS_DEVICE : OPC_DS_CACHE, transaction, &cancel_id);
}

HRESULT Session::Cancel(const json::Object& command) {
  const auto io = group_.As<IOPCAsyncIO2>();
  return io ? io->Cancel2(static_cast<DWORD>(command.Number("cancelId"))) : E_UNEXPECTED;
}

HRESULT Session::Da1Read(const json::Object& command, json::Writer& answer) {
  const auto io = group_.As<IOPCAsyncIO>();
  if (!io) return E_UNEXPECTED;
  const OPCDATASOURCE source = command.Text("source") == "device" ? OPC_DS_DEVICE : OPC_DS_CACHE;
  const auto count = std::min(static_cast<DWORD>(command.Number("items", 1)), static_cast<DWORD>(handles_.size()));
  DWORD transaction = 0;
  TaskArray<HRESULT> errors;
  const HRESULT result =
      io->Read(advise_connection_, source, count, handles_.data(), &transaction, errors.Out(count));
  answer.Number("transaction", transaction);
  return result;
}

HRESULT Session::Da1Write(const json::Object& command, json::Writer& answer) {
  const auto io = group_.As<IOPCAsyncIO>();
  const auto found = by_id_.find(WideOfUtf8(command.Text("item")));
  if (!io || found == by_id_.end()) return E_UNEXPECTED;
  Variant value = ValueOf(command);
  OPCHANDLE handle = found->second;
  DWORD transaction = 0;
  TaskArray<HRESULT> errors;
  const HRESULT result = io->Write(write_connection_, 1, &handle, &value.get(), &transaction, errors.Out(1));
  answer.Number("transaction", transaction);
  if (SUCCEEDED(result) && errors) answer.Text("error", HexOf(errors[0]));
  return result;
}

HRESULT Session::Da1Refresh(json::Writer& answer) {
  const auto io = group_.As<IOPCAsyncIO>();
  if (!io) return E_UNEXPECTED;
  DWORD transaction = 0;
  const HRESULT result = io->Refresh(advise_connection_, OPC_DS_CACHE, &transaction);
  answer.Number("transaction", transaction);
  return result;
}

HRESULT Session::Browse(const json::Object& command, json::Writer& answer) {
  const auto space = server_ ? server_.As<IOPCBrowseServerAddressSpace>() : nullptr;
  if (!space) return E_NOINTERFACE;
  HRESULT result = space->ChangeBrowsePosition(OPC_BROWSE_TO, WideOfUtf8(command.Text("position")).c_str());
  if (FAILED(result)) return result;
  const std::string type = command.Text("type", "flat");
  ComPtr<IEnumString> names;
  result = space->BrowseOPCItemIDs(type == "branch" ? OPC_BRANCH : type == "leaf" ? OPC_LEAF : OPC_FLAT,
                                   WideOfUtf8(command.Text("filter")).c_str(), VT_EMPTY, 0, names.Out());
  if (FAILED(result) || !names) return result;
  std::string list;
  int count = 0;
  LPOLESTR name = nullptr;
  ULONG fetched = 0;
  while (names->Next(1, &name, &fetched) == S_OK && fetched == 1) {
    if (++count <= 20) list += (list.empty() ? "" : ",") + json::Quoted(Utf8Of(name));
    if (count == 1) {
      OwnedString item_id;
      if (SUCCEEDED(space->GetItemID(name, item_id.Out()))) answer.Text("firstItemId", Utf8Of(WideOf(item_id.get())));
    }
    CoTaskMemFree(name);
  }
  answer.Number("count", count).Raw("names", "[" + list + "]");
  return result;
}

HRESULT Session::Attributes(json::Writer& answer) {
  if (!group_) return E_UNEXPECTED;
  ComPtr<IEnumOPCItemAttributes> attributes;
  const HRESULT result = group_->CreateEnumerator(__uuidof(IEnumOPCItemAttributes), attributes.OutUnknown());
  if (FAILED(result) || !attributes) return result;
  OPCITEMATTRIBUTES* rows = nullptr;
  ULONG fetched = 0;
  const HRESULT next = attributes->Next(100, &rows, &fetched);
  answer.Number("count", fetched);
  for (ULONG index = 0; index < fetched; ++index) {
    if (index == 0) {
      answer.Text("firstItemId", Utf8Of(WideOf(rows[0].szItemID))).Number("canonicalType", rows[0].vtCanonicalDataType);
    }
    CoTaskMemFree(rows[index].szAccessPath);
    CoTaskMemFree(rows[index].szItemID);
    CoTaskMemFree(rows[index].pBlob);
    VariantClear(&rows[index].vEUInfo);
  }
  CoTaskMemFree(rows);
  return next;
}

// Wrong calls one after another; the HRESULT of each by name.
HRESULT Session::Errors(json::Writer& answer) {
  if (!server_ || !group_) return E_UNEXPECTED;
  const auto note = [&](const char* name, HRESULT result) { answer.Text(name, HexOf(result)); };
  const auto io = group_.As<IOPCSyncIO>();
  const auto async = group_.As<IOPCAsyncIO2>();
  OPCHANDLE wrong = 0xDEAD;
  {
    TaskArray<HRESULT> errors;
    OPCITEMSTATE* states = nullptr;
    note("readWrongHandle", io->Read(OPC_DS_CACHE, 1, &wrong, &states, errors.Out(1)));
    if (errors) note("readWrongHandleItem", errors[0]);
    CoTaskMemFree(states);
  }
  {
    TaskArray<HRESULT> errors;
    OPCITEMSTATE* states = nullptr;
    note("readNothing", io->Read(OPC_DS_CACHE, 0, &wrong, &states, errors.Out(0)));
    note("readNullHandles", io->Read(OPC_DS_CACHE, 1, nullptr, &states, errors.Out(0)));
    note("readWrongSource", io->Read(static_cast<OPCDATASOURCE>(9), 1, &wrong, &states, errors.Out(0)));
  }
  {
    TaskArray<HRESULT> errors;
    note("removeWrongHandle", group_->RemoveItems(1, &wrong, errors.Out(1)));
    if (errors) note("removeWrongHandleItem", errors[0]);
  }
  {
    DWORD cancel_id = 0;
    note("cancelUnknown", async ? async->Cancel2(0xDEAD) : E_NOINTERFACE);
    TaskArray<HRESULT> errors;
    note("asyncWrongHandle", async ? async->Read(1, &wrong, 1, &cancel_id, errors.Out(1)) : E_NOINTERFACE);
  }
  note("removeWrongGroup", server_->RemoveGroup(0xDEAD, FALSE));
  {
    ComPtr<IUnknown> unknown;
    note("groupByUnknownName", server_->GetGroupByName(L"no such group", __uuidof(IOPCItemMgt), unknown.Out()));
    OPCHANDLE handle;
    DWORD rate;
    FLOAT deadband = 101;
    note("addGroupBadDeadband", server_->AddGroup(L"x", TRUE, 100, 1, nullptr, &deadband, 0, &handle, &rate,
                                                  __uuidof(IOPCItemMgt), unknown.Out()));
    note("addGroupWrongInterface", server_->AddGroup(L"y", TRUE, 100, 1, nullptr, nullptr, 0, &handle, &rate,
                                                     __uuidof(IOPCServer), unknown.Out()));
  }
  {
    OwnedString text;
    note("errorString", server_->GetErrorString(static_cast<HRESULT>(0xC0040007), 0, text.Out()));
    answer.Text("errorText", Utf8Of(WideOf(text.get())));
  }
  return S_OK;
}

}  // namespace understudy::testclient
