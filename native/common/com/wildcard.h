// Filters of OPC browsing: * any characters, ? one, # one digit.
#pragma once

#include <cwctype>
#include <string_view>

namespace understudy {

inline bool MatchesWildcard(std::wstring_view text, std::wstring_view pattern) {
  size_t at = 0;
  size_t in = 0;
  size_t star = std::wstring_view::npos;
  size_t retry = 0;
  while (at < text.size()) {
    if (in < pattern.size() && pattern[in] == L'*') {
      star = in++;
      retry = at;
    } else if (in < pattern.size() && (pattern[in] == text[at] || pattern[in] == L'?' ||
                                       (pattern[in] == L'#' && std::iswdigit(text[at])))) {
      ++in;
      ++at;
    } else if (star != std::wstring_view::npos) {
      in = star + 1;
      at = ++retry;
    } else {
      return false;
    }
  }
  while (in < pattern.size() && pattern[in] == L'*') ++in;
  return in == pattern.size();
}

}  // namespace understudy
