// Strings between COM, the wire and the registry; all of them UTF-16.
#pragma once

#include <windows.h>

#include <string>

#include "../common/wire/fields.h"

namespace understudy {

inline wire::Text WireText(const std::wstring& text) {
  return wire::Text(reinterpret_cast<const char16_t*>(text.data()), text.size());
}

inline wire::Text WireText(LPCWSTR text) { return text ? WireText(std::wstring(text)) : wire::Text(); }

inline std::wstring Wide(const wire::Text& text) {
  return std::wstring(reinterpret_cast<const wchar_t*>(text.data()), text.size());
}

inline std::wstring GuidText(REFGUID guid) {
  wchar_t text[40] = {};
  StringFromGUID2(guid, text, 40);
  return text;
}

}  // namespace understudy
