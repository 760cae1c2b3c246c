#include "../common/text/utf.h"
#include "group_link.h"

namespace understudy::helper {

void GroupLink::Resolve(const std::vector<uint32_t>& items, std::vector<OPCHANDLE>& handles,
                        std::vector<size_t>& rows) const {
  std::lock_guard lock(mutex_);
  for (size_t row = 0; row < items.size(); ++row) {
    const auto found = handles_.find(items[row]);
    if (found == handles_.end()) continue;
    handles.push_back(found->second);
    rows.push_back(row);
  }
}

HRESULT GroupLink::AddItems(const std::vector<wire::ItemDefinition>& items, bool validate_only,
                            wire::AddedItems& answer) {
  if (!items_com_) return OPC_E_INVALIDHANDLE;
  const auto count = static_cast<DWORD>(items.size());
  if (count == 0) return E_INVALIDARG;
  std::vector<std::pair<std::wstring, std::wstring>> texts;
  texts.reserve(count);
  std::vector<OPCITEMDEF> definitions(count);
  for (DWORD index = 0; index < count; ++index) {
    const wire::ItemDefinition& item = items[index];
    texts.emplace_back(understudy::WideOf(item.access_path), understudy::WideOf(item.item_id));
    OPCITEMDEF& definition = definitions[index];
    definition = {};
    definition.szAccessPath = texts.back().first.data();
    definition.szItemID = texts.back().second.data();
    definition.bActive = item.active;
    definition.hClient = item.item;
    definition.vtRequestedDataType = item.requested_type;
  }
  TaskArray<OPCITEMRESULT> results;
  TaskArray<HRESULT> errors;
  const HRESULT result =
      validate_only
          ? items_com_->ValidateItems(count, definitions.data(), FALSE, results.Out(count), errors.Out(count))
          : items_com_->AddItems(count, definitions.data(), results.Out(count), errors.Out(count));
  if (FAILED(result)) return result;
  if (!results || !errors) return E_POINTER;
  std::lock_guard lock(mutex_);
  for (DWORD index = 0; index < count; ++index) {
    const bool ok = SUCCEEDED(errors[index]);
    answer.errors.push_back(errors[index]);
    answer.canonical_types.push_back(ok ? results[index].vtCanonicalDataType : VARTYPE{VT_EMPTY});
    answer.access_rights.push_back(ok ? results[index].dwAccessRights : 0);
    if (ok && !validate_only) handles_[items[index].item] = results[index].hServer;
    CoTaskMemFree(results[index].pBlob);
  }
  return result;
}

HRESULT GroupLink::ForItems(const std::vector<uint32_t>& items, wire::Errors& answer,
                            const std::function<HRESULT(DWORD, OPCHANDLE*, HRESULT**)>& call,
                            const std::function<void(size_t)>& on_done) {
  if (!items_com_) return OPC_E_INVALIDHANDLE;
  if (items.empty()) return E_INVALIDARG;
  std::vector<OPCHANDLE> handles;
  std::vector<size_t> rows;
  Resolve(items, handles, rows);
  answer.errors.assign(items.size(), OPC_E_INVALIDHANDLE);
  if (handles.empty()) return S_FALSE;
  const auto count = static_cast<DWORD>(handles.size());
  TaskArray<HRESULT> errors;
  HRESULT result = call(count, handles.data(), errors.Out(count));
  if (FAILED(result)) return result;
  if (!errors) return E_POINTER;
  for (DWORD index = 0; index < count; ++index) {
    answer.errors[rows[index]] = errors[index];
    if (SUCCEEDED(errors[index]) && on_done) on_done(rows[index]);
  }
  return rows.size() < items.size() ? S_FALSE : result;
}

HRESULT GroupLink::RemoveItems(const std::vector<uint32_t>& items, wire::Errors& answer) {
  return ForItems(
      items, answer,
      [&](DWORD count, OPCHANDLE* handles, HRESULT** errors) {
        return items_com_->RemoveItems(count, handles, errors);
      },
      [&](size_t row) {
        std::lock_guard lock(mutex_);
        handles_.erase(items[row]);
      });
}

HRESULT GroupLink::SetItemsActive(const std::vector<uint32_t>& items, bool active, wire::Errors& answer) {
  return ForItems(items, answer, [&](DWORD count, OPCHANDLE* handles, HRESULT** errors) {
    return items_com_->SetActiveState(count, handles, active, errors);
  });
}

HRESULT GroupLink::SetDatatypes(const std::vector<uint32_t>& items, const std::vector<uint16_t>& types,
                                wire::Errors& answer) {
  if (types.size() != items.size()) return E_INVALIDARG;
  std::vector<OPCHANDLE> handles;
  std::vector<size_t> rows;
  Resolve(items, handles, rows);
  std::vector<VARTYPE> wanted;
  for (const size_t row : rows) wanted.push_back(types[row]);
  return ForItems(items, answer, [&](DWORD count, OPCHANDLE* of, HRESULT** errors) {
    return count == wanted.size() ? items_com_->SetDatatypes(count, of, wanted.data(), errors) : E_UNEXPECTED;
  });
}

}  // namespace understudy::helper
