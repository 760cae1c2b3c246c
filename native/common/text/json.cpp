#include "json.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace understudy::json {
namespace {

class Parser {
 public:
  explicit Parser(const std::string& text) : text_(text) {}

  bool ParseObject(std::map<std::string, Value>& members) {
    Space();
    if (!Take('{')) return false;
    Space();
    if (Take('}')) return AtEnd();
    do {
      Space();
      std::string name;
      if (!ParseText(name)) return false;
      Space();
      Value value;
      if (!Take(':') || !ParseValue(value)) return false;
      members[name] = std::move(value);
      Space();
    } while (Take(','));
    return Take('}') && AtEnd();
  }

 private:
  void Space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r')) ++at_;
  }
  bool AtEnd() {
    Space();
    return at_ == text_.size();
  }
  bool Take(char wanted) {
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  bool TakeWord(const char* word) {
    const std::string wanted(word);
    if (text_.compare(at_, wanted.size(), wanted) != 0) return false;
    at_ += wanted.size();
    return true;
  }
  bool ParseValue(Value& value) {
    Space();
    if (TakeWord("true")) value = true;
    else if (TakeWord("false")) value = false;
    else if (TakeWord("null")) value = nullptr;
    else if (at_ < text_.size() && text_[at_] == '"') {
      std::string text;
      if (!ParseText(text)) return false;
      value = std::move(text);
    } else {
      const char* from = text_.c_str() + at_;
      char* end = nullptr;
      const double number = std::strtod(from, &end);
      if (end == from) return false;
      at_ += static_cast<size_t>(end - from);
      value = number;
    }
    return true;
  }
  bool ParseText(std::string& out) {
    if (!Take('"')) return false;
    while (at_ < text_.size() && text_[at_] != '"') {
      char next = text_[at_++];
      if (next == '\\') {
        if (at_ >= text_.size() || !ParseEscape(out)) return false;
      } else {
        out += next;
      }
    }
    return Take('"');
  }
  bool ParseEscape(std::string& out) {
    const char kind = text_[at_++];
    switch (kind) {
      case 'n':
        out += '\n';
        return true;
      case 't':
        out += '\t';
        return true;
      case 'r':
        out += '\r';
        return true;
      case 'u':
        return ParseUnit(out);
      case '"':
      case '\\':
      case '/':
        out += kind;
        return true;
      default:
        return false;
    }
  }
  // Of the basic plane alone: the other side sends anything else as UTF-8.
  bool ParseUnit(std::string& out) {
    if (at_ + 4 > text_.size()) return false;
    const auto unit = static_cast<unsigned>(std::strtoul(text_.substr(at_, 4).c_str(), nullptr, 16));
    at_ += 4;
    if (unit < 0x80) {
      out += static_cast<char>(unit);
    } else if (unit < 0x800) {
      out += static_cast<char>(0xC0 | (unit >> 6));
      out += static_cast<char>(0x80 | (unit & 0x3F));
    } else {
      out += static_cast<char>(0xE0 | (unit >> 12));
      out += static_cast<char>(0x80 | ((unit >> 6) & 0x3F));
      out += static_cast<char>(0x80 | (unit & 0x3F));
    }
    return true;
  }

  const std::string& text_;
  size_t at_ = 0;
};

}  // namespace

std::optional<Object> Object::Parse(const std::string& text) {
  Object object;
  if (!Parser(text).ParseObject(object.members_)) return std::nullopt;
  return object;
}

std::string Object::Text(const std::string& name, const std::string& otherwise) const {
  const auto found = members_.find(name);
  const auto* text = found == members_.end() ? nullptr : std::get_if<std::string>(&found->second);
  return text ? *text : otherwise;
}

double Object::Number(const std::string& name, double otherwise) const {
  const auto found = members_.find(name);
  const auto* number = found == members_.end() ? nullptr : std::get_if<double>(&found->second);
  return number ? *number : otherwise;
}

bool Object::Flag(const std::string& name, bool otherwise) const {
  const auto found = members_.find(name);
  const auto* flag = found == members_.end() ? nullptr : std::get_if<bool>(&found->second);
  return flag ? *flag : otherwise;
}

std::string Quoted(const std::string& text) {
  std::string out = "\"";
  for (const char each : text) {
    const auto byte = static_cast<unsigned char>(each);
    if (each == '"' || each == '\\') {
      out += '\\';
      out += each;
    } else if (byte < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", byte);
      out += escape;
    } else {
      out += each;
    }
  }
  return out + "\"";
}

std::string NumberText(double value) {
  if (!std::isfinite(value)) return "null";
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

void Writer::Name(const char* name) {
  if (!members_.empty()) members_ += ',';
  members_ += Quoted(name) + ":";
}

Writer& Writer::Text(const char* name, const std::string& value) { return Raw(name, Quoted(value)); }
Writer& Writer::Number(const char* name, double value) { return Raw(name, NumberText(value)); }
Writer& Writer::Flag(const char* name, bool value) { return Raw(name, value ? "true" : "false"); }

Writer& Writer::Raw(const char* name, const std::string& json) {
  Name(name);
  members_ += json;
  return *this;
}

}  // namespace understudy::json
