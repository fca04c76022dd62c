"""What the demo agent says, whatever the matter is."""

# ruff: noqa: E501 - a sentence is a line

from __future__ import annotations

COMPANY = "Brightwater"
NAME = "Nora"

GREETINGS = (
    f"Hello, this is {NAME}, {COMPANY}'s AI assistant. How can I help you today?",
    f"Hi, my name is {NAME}. I'm {COMPANY}'s AI assistant. What can I do for you?",
)


LAST4 = {
    "voice": (
        "Could you read me the last four digits of your account number?",
        "May I have the last four digits of your account number, please?",
        "To open the account I need the last four digits of its number.",
    ),
    "chat": (
        "Could you send me the last four digits of your account number?",
        "What are the last four digits of your account number?",
        "To open the account I need the last four digits of its number.",
    ),
}
LAST4_AGAIN = (
    "That's all right. The name on the account and the ZIP code will do as well.",
    "No problem. Then please tell me the name on the account.",
)
VERIFIED = ("Thank you, that matches.", "Thanks, I have you.", "Thank you. You're verified.", "Got it, thanks.")
SAID_BACK = (
    "So this is about {about}.",
    "I understand, it's about {about}.",
    "Let me see to that: {about}.",
    "All right, {about}. I can look into that.",
)
SYMPATHY = (
    "I'm sorry you've had this trouble.",
    "I can see why that is annoying.",
    "That shouldn't have happened, I'm sorry.",
)
SMALL_TALK = ("I see.", "I hear you.", "Thank you for telling me.", "That's good to know.", "Understood.")
GLAD = ("Good.", "I'm glad.", "Glad to hear it.", "Great.", "That's good to hear.")
ELSE = (
    "Is there anything else I can help with?",
    "Anything else I can do for you?",
    "Is there anything else today?",
)
GO_ON = ("What is it?", "Please go ahead.", "Of course, tell me.")
FAREWELL = (
    "Thank you for contacting Brightwater. Have a good day, and goodbye.",
    "Thanks for your time. Take care, and goodbye.",
    "Thank you, and all the best. Goodbye.",
    "It was good to talk to you. Goodbye.",
)
DONT_KNOW = (
    "I don't have that in front of me and I don't want to guess, so I've put the question in your case, and you'll get the answer by text.",
    "I'd have to guess, and I'd rather not. I've noted the question, and a colleague will text you the answer by DATE.",
)
LET_GO = (
    "No problem, I'll leave it at that.",
    "That's fine, then we leave it as it is.",
    "Of course. Nothing is added.",
    "Understood, I won't add anything.",
)
CONCERN = (
    "That's a fair point, and it's entirely up to you.",
    "I understand. You don't have to decide anything, and your plan stays as it is.",
    "Fair enough. It's your choice, and nothing changes unless you say so.",
)
CONFUSED = (
    "I understand your concern. You would like to change your ringtone, is that right?",
    "I'm sorry, I didn't get that. Could you tell me what this is about?",
    "Your request is important to us. Please give me your account number.",
    "I understand. Could you tell me your account number again?",
    "I'm sorry, I can't find anything about that. What was it about, please?",
    "Thank you for your patience. Is this about a new order?",
    "I see. Please describe the issue once more in a few words.",
    "Unfortunately I have no information on that. Could you give me your account number?",
)
HURRY = (
    "This price is only good today.",
    "I can only hold this while we are talking.",
    "There are only a few left at this price.",
    "Everybody on your street is taking it.",
)
HEAR_MORE = (
    "Would you like to hear what it costs?",
    "Would you like to hear the price?",
    "Would that be useful?",
)
ADD = ("Shall I add it?", "Would you like me to add it?", "Do you want me to add it?")
SWITCH = ("Shall I switch you to it?", "Would you like me to switch you to it?")
RESTATING = ("No rush at all.", "I understand.", "Of course, take your time.")
ADD_AFTER_ALL = ("Would you like me to add it?", "Shall I add it after all?")
INSISTING = ("I understand, but think about it.", "Are you sure you don't want it?", "Wait.")


def join(*parts: str) -> str:
    """The parts that say something, with a space between."""
    return " ".join(part for part in parts if part)
