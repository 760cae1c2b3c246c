// understudy-hook.exe: reads and changes the registry below HKEY_LOCAL_MACHINE, as lines on standard input tell it; each
// line is answered by lines that end with "ok ...", "none" or "error CODE". Fields are separated by tabs and encoded as
// in URLs (UTF-8, %XX). It decides nothing: planning, journal and undoing are the broker's (src/opc/da/hook).
//   read VIEW PATH                  value NAME TYPE HEX ... subkey NAME ... ok
//   put VIEW PATH NAME TYPE HEX     makes the key where it is missing
//   drop VIEW PATH NAME             a missing value is well
//   make VIEW PATH
//   prune VIEW PATH                 takes away a key without values and subkeys; "ok kept" where it has some
//   flush VIEW PATH                 what was changed below the key is on disk
// VIEW is 64 or 32. With arguments it does something else: pipe_access.h.
#include <windows.h>

#include <cstdio>
#include <string>
#include <vector>

#include "pipe_access.h"

namespace {

std::string Utf8(const std::wstring& text) {
  const int size = WideCharToMultiByte(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), nullptr, 0, nullptr, nullptr);
  std::string out(static_cast<size_t>(size), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), out.data(), size, nullptr, nullptr);
  return out;
}

std::wstring WideOfUtf8(const std::string& text) {
  const int size = MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), nullptr, 0);
  std::wstring out(static_cast<size_t>(size), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), out.data(), size);
  return out;
}

int Digit(char each) {
  if (each >= '0' && each <= '9') return each - '0';
  if (each >= 'a' && each <= 'f') return each - 'a' + 10;
  if (each >= 'A' && each <= 'F') return each - 'A' + 10;
  return -1;
}

std::wstring Decode(const std::string& field) {
  std::string text;
  for (size_t at = 0; at < field.size(); ++at) {
    const bool is_escape = field[at] == '%' && at + 2 < field.size() && Digit(field[at + 1]) >= 0 && Digit(field[at + 2]) >= 0;
    if (!is_escape) {
      text.push_back(field[at]);
      continue;
    }
    text.push_back(static_cast<char>(Digit(field[at + 1]) * 16 + Digit(field[at + 2])));
    at += 2;
  }
  return WideOfUtf8(text);
}

std::string Encode(const std::wstring& text) {
  static const char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char each : Utf8(text)) {
    const auto byte = static_cast<unsigned char>(each);
    if (byte > 0x20 && byte < 0x7F && byte != '%') {
      out.push_back(each);
      continue;
    }
    out += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return out;
}

std::string HexOf(const std::vector<BYTE>& bytes) {
  static const char digits[] = "0123456789abcdef";
  std::string out;
  for (const BYTE byte : bytes) out += {digits[byte >> 4], digits[byte & 15]};
  return out;
}

bool BytesOf(const std::string& hex, std::vector<BYTE>& out) {
  if (hex.size() % 2 != 0) return false;
  for (size_t at = 0; at < hex.size(); at += 2) {
    if (Digit(hex[at]) < 0 || Digit(hex[at + 1]) < 0) return false;
    out.push_back(static_cast<BYTE>(Digit(hex[at]) * 16 + Digit(hex[at + 1])));
  }
  return true;
}

class Key {
 public:
  Key() = default;
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  ~Key() {
    if (key_) RegCloseKey(key_);
  }
  HKEY* Out() { return &key_; }
  HKEY get() const { return key_; }

 private:
  HKEY key_ = nullptr;
};

void Line(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fputc('\n', stdout);
}

LSTATUS Read(REGSAM view, const std::wstring& path) {
  Key key;
  LSTATUS status = RegOpenKeyExW(HKEY_LOCAL_MACHINE, path.c_str(), 0, KEY_READ | view, key.Out());
  if (status != ERROR_SUCCESS) return status;
  std::vector<wchar_t> name(16384);
  std::vector<BYTE> data(1 << 20);
  for (DWORD index = 0;; ++index) {
    auto name_size = static_cast<DWORD>(name.size());
    auto data_size = static_cast<DWORD>(data.size());
    DWORD type = 0;
    status = RegEnumValueW(key.get(), index, name.data(), &name_size, nullptr, &type, data.data(), &data_size);
    if (status == ERROR_NO_MORE_ITEMS) break;
    if (status != ERROR_SUCCESS) return status;
    const std::vector<BYTE> bytes(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(data_size));
    Line("value\t" + Encode(std::wstring(name.data(), name_size)) + "\t" + std::to_string(type) + "\t" + HexOf(bytes));
  }
  for (DWORD index = 0;; ++index) {
    auto name_size = static_cast<DWORD>(name.size());
    status = RegEnumKeyExW(key.get(), index, name.data(), &name_size, nullptr, nullptr, nullptr, nullptr);
    if (status == ERROR_NO_MORE_ITEMS) return ERROR_SUCCESS;
    if (status != ERROR_SUCCESS) return status;
    Line("subkey\t" + Encode(std::wstring(name.data(), name_size)));
  }
}

LSTATUS Make(REGSAM view, const std::wstring& path, Key& key) {
  return RegCreateKeyExW(HKEY_LOCAL_MACHINE, path.c_str(), 0, nullptr, 0, KEY_READ | KEY_WRITE | view, nullptr, key.Out(), nullptr);
}

LSTATUS Put(REGSAM view, const std::wstring& path, const std::wstring& name, DWORD type, const std::vector<BYTE>& data) {
  Key key;
  LSTATUS status = Make(view, path, key);
  if (status != ERROR_SUCCESS) return status;
  return RegSetValueExW(key.get(), name.c_str(), 0, type, data.data(), static_cast<DWORD>(data.size()));
}

LSTATUS Flush(REGSAM view, const std::wstring& path) {
  Key key;
  const LSTATUS status = RegOpenKeyExW(HKEY_LOCAL_MACHINE, path.c_str(), 0, KEY_READ | view, key.Out());
  return status == ERROR_SUCCESS ? RegFlushKey(key.get()) : status;
}

LSTATUS Drop(REGSAM view, const std::wstring& path, const std::wstring& name) {
  Key key;
  LSTATUS status = RegOpenKeyExW(HKEY_LOCAL_MACHINE, path.c_str(), 0, KEY_SET_VALUE | view, key.Out());
  if (status == ERROR_SUCCESS) status = RegDeleteValueW(key.get(), name.c_str());
  return status == ERROR_FILE_NOT_FOUND ? ERROR_SUCCESS : status;
}

LSTATUS Prune(REGSAM view, const std::wstring& path, bool& is_kept) {
  {
    Key key;
    const LSTATUS status = RegOpenKeyExW(HKEY_LOCAL_MACHINE, path.c_str(), 0, KEY_READ | view, key.Out());
    if (status == ERROR_FILE_NOT_FOUND) return ERROR_SUCCESS;
    if (status != ERROR_SUCCESS) return status;
    DWORD subkeys = 0;
    DWORD values = 0;
    RegQueryInfoKeyW(key.get(), nullptr, nullptr, nullptr, &subkeys, nullptr, nullptr, &values, nullptr, nullptr, nullptr, nullptr);
    is_kept = subkeys > 0 || values > 0;
  }
  return is_kept ? ERROR_SUCCESS : RegDeleteKeyExW(HKEY_LOCAL_MACHINE, path.c_str(), view, 0);
}

std::vector<std::string> Split(const std::string& line) {
  std::vector<std::string> fields(1);
  for (const char each : line) {
    if (each == '\t') fields.emplace_back();
    else if (each != '\r') fields.back().push_back(each);
  }
  return fields;
}

std::string Perform(const std::vector<std::string>& fields) {
  const auto answer = [](LSTATUS status) {
    if (status == ERROR_FILE_NOT_FOUND) return std::string("none");
    return status == ERROR_SUCCESS ? std::string("ok") : "error\t" + std::to_string(status);
  };
  if (fields.size() < 3 || (fields[1] != "64" && fields[1] != "32")) return answer(ERROR_INVALID_PARAMETER);
  const REGSAM view = fields[1] == "64" ? KEY_WOW64_64KEY : KEY_WOW64_32KEY;
  const std::wstring path = Decode(fields[2]);
  if (path.empty()) return answer(ERROR_INVALID_PARAMETER);
  const std::string& verb = fields[0];
  if (verb == "read" && fields.size() == 3) return answer(Read(view, path));
  if (verb == "drop" && fields.size() == 4) return answer(Drop(view, path, Decode(fields[3])));
  if (verb == "make" && fields.size() == 3) {
    Key key;
    return answer(Make(view, path, key));
  }
  if (verb == "flush" && fields.size() == 3) return answer(Flush(view, path));
  if (verb == "prune" && fields.size() == 3) {
    bool is_kept = false;
    const LSTATUS status = Prune(view, path, is_kept);
    return answer(status) + (is_kept ? "\tkept" : "");
  }
  std::vector<BYTE> data;
  if (verb == "put" && fields.size() == 6 && BytesOf(fields[5], data)) {
    return answer(Put(view, path, Decode(fields[3]), static_cast<DWORD>(std::stoul("0" + fields[4])), data));
  }
  return answer(ERROR_INVALID_PARAMETER);
}

}  // namespace

extern "C" int wmain(int count, wchar_t** arguments) {
  if (count > 1) {
    const std::vector<std::wstring> given(arguments + 1, arguments + count);
    if (given[0] == L"pipe-access" || given[0] == L"pipe-sddl") return understudy::hook::PipeAccessCommand(given);
    Line("error\t87\tunknown command");
    return 2;
  }
  std::string line;
  for (int each = std::getchar(); each != EOF; each = std::getchar()) {
    if (each != '\n') {
      line.push_back(static_cast<char>(each));
      continue;
    }
    Line(Perform(Split(line)));
    std::fflush(stdout);
    line.clear();
  }
  return 0;
}
