// IOPCDataCallback of a group. The group may go while the server still holds this.
#pragma once

#include "group_link.h"

namespace understudy::helper {

class DataCallback : public ComObject<IOPCDataCallback> {
 public:
  explicit DataCallback(std::weak_ptr<GroupLink> group) : group_(std::move(group)) {}

  STDMETHODIMP OnDataChange(DWORD transaction, OPCHANDLE, HRESULT master_quality, HRESULT master_error, DWORD count,
                            OPCHANDLE* items, VARIANT* values, WORD* qualities, FILETIME* times,
                            HRESULT* errors) override {
    if (count > 0 && (!items || !values || !qualities || !times || !errors)) return E_INVALIDARG;
    if (const auto group = group_.lock()) {
      group->OnDataChange(transaction, master_quality, master_error, count, items, values, qualities, times, errors);
    }
    return S_OK;
  }
  STDMETHODIMP OnReadComplete(DWORD transaction, OPCHANDLE, HRESULT, HRESULT, DWORD count, OPCHANDLE* items,
                              VARIANT* values, WORD* qualities, FILETIME* times, HRESULT* errors) override {
    if (count > 0 && (!items || !values || !qualities || !times || !errors)) return E_INVALIDARG;
    if (const auto group = group_.lock()) {
      group->OnReadComplete(transaction, count, items, values, qualities, times, errors);
    }
    return S_OK;
  }
  STDMETHODIMP OnWriteComplete(DWORD transaction, OPCHANDLE, HRESULT, DWORD count, OPCHANDLE* items,
                               HRESULT* errors) override {
    if (count > 0 && (!items || !errors)) return E_INVALIDARG;
    if (const auto group = group_.lock()) group->OnWriteComplete(transaction, count, items, errors);
    return S_OK;
  }
  STDMETHODIMP OnCancelComplete(DWORD transaction, OPCHANDLE) override {
    if (const auto group = group_.lock()) group->OnCancelComplete(transaction);
    return S_OK;
  }

 private:
  const std::weak_ptr<GroupLink> group_;
};

}  // namespace understudy::helper
