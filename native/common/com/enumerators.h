// IEnumString and IEnumUnknown over a fixed list.
#pragma once

#include <windows.h>

#include <objidl.h>

#include <string>
#include <vector>

#include "com_object.h"
#include "com_ptr.h"
#include "task_memory.h"

namespace understudy {

// What all enumerators share; Give copies one element out.
template <class Interface, class Element, class Out>
class ListEnumerator : public ComObject<Interface> {
 public:
  explicit ListEnumerator(std::vector<Element> elements, size_t at = 0) : elements_(std::move(elements)), at_(at) {}

  STDMETHODIMP Next(ULONG wanted, Out* out, ULONG* fetched) override {
    if (fetched) *fetched = 0;
    if (!out || (!fetched && wanted != 1)) return E_POINTER;
    ULONG given = 0;
    for (; given < wanted && at_ < elements_.size(); ++given, ++at_) {
      if (!Give(elements_[at_], out[given])) return E_OUTOFMEMORY;
    }
    if (fetched) *fetched = given;
    return given == wanted ? S_OK : S_FALSE;
  }
  STDMETHODIMP Skip(ULONG count) override {
    const size_t left = elements_.size() - at_;
    at_ += count < left ? count : left;
    return count <= left ? S_OK : S_FALSE;
  }
  STDMETHODIMP Reset() override {
    at_ = 0;
    return S_OK;
  }
  STDMETHODIMP Clone(Interface** out) override {
    if (!out) return E_POINTER;
    *out = new ListEnumerator(elements_, at_);
    return S_OK;
  }

 private:
  static bool Give(const std::wstring& element, LPOLESTR& out) { return (out = TaskString(element)) != nullptr; }
  static bool Give(const ComPtr<IUnknown>& element, IUnknown*& out) {
    out = ComPtr<IUnknown>(element).Detach();
    return true;
  }
  static bool Give(const GUID& element, GUID& out) {
    out = element;
    return true;
  }

  const std::vector<Element> elements_;
  size_t at_;
};

using StringEnumerator = ListEnumerator<IEnumString, std::wstring, LPOLESTR>;
using UnknownEnumerator = ListEnumerator<IEnumUnknown, ComPtr<IUnknown>, IUnknown*>;

}  // namespace understudy
