"""Other wordings of ours for each type of question, since the institutes word all questions of a type alike.

They were written without a look at lay.csv. The last ``KEPT_BACK`` of each type are never trained on: they word
calibration rows, so that the model's chances are honest about words that it did not learn.
"""

KEPT_BACK = 3

WORDINGS: dict[str, tuple[str, ...]] = {
    "what it is": (
        *("what is {x}", "can you explain {x} to me", "my doctor said {x}, what does that mean", "tell me about {x}"),
        *("I was told I have {x} and have no idea what it is", "never heard of {x}, what kind of illness is it"),
        *("what happens in the body with {x}", "so what exactly is {x} supposed to be", "give me the basics on {x}"),
        *("{x} - what's that", "somebody mentioned {x}, could you describe it", "explain {x} in plain words"),
    ),
    "symptoms": (
        *("how do I know if I have {x}", "what does {x} feel like", "what signs of {x} should I look out for"),
        *("how would I notice {x}", "what problems do people with {x} have", "does {x} hurt", "first signs of {x}"),
        *("my friend has {x}, what will it do to her", "could these spots be {x}", "what do you get when you have {x}"),
        *("how does {x} show", "what would I feel with {x}", "is being tired part of {x}"),
    ),
    "causes": (
        *("why do people get {x}", "where does {x} come from", "what brings on {x}", "how did I get {x}"),
        *("what is behind {x}", "can stress give you {x}", "is {x} caused by a virus", "what makes {x} start"),
        *("why does {x} happen", "what sets off {x}", "what's the reason somebody ends up with {x}"),
        "is it something I did that gave me {x}",
    ),
    "who is at risk": (
        *("who gets {x}", "am I likely to get {x}", "does age make {x} more likely", "are women more prone to {x}"),
        *("which people should worry about {x}", "do smokers get {x} more often", "who is most in danger from {x}"),
        *("what raises my chances of getting {x}", "I am overweight, could I end up with {x}"),
        *("what kind of person gets {x}", "are children more likely to have {x}"),
        "what makes somebody more likely to develop {x}",
    ),
    "how common it is": (
        *("how common is {x}", "how rare is {x}", "how many people have {x}", "are there many others with {x}"),
        *("is {x} unusual", "what are the odds of meeting somebody with {x}", "how often does {x} happen"),
        *("one in how many babies has {x}", "do lots of people have {x}", "how widespread is {x}", "is {x} very rare"),
    ),
    "inheritance": (
        *("does {x} run in families", "will my children get {x}", "did I get {x} from my mother", "is {x} hereditary"),
        *("can {x} be passed on to a baby", "my dad has {x}, will I have it too", "can {x} skip a generation"),
        *("do both parents need to carry {x}", "how is {x} handed down", "could my son get {x} from me"),
        *("is {x} in the family line", "what are the chances that our next child has {x} as well"),
    ),
    "genetic changes": (
        *("which gene is behind {x}", "what mutation do people with {x} have", "what is wrong in the dna with {x}"),
        *("is there a faulty gene in {x}", "which chromosome has to do with {x}", "what gene do they look at for {x}"),
        *("what changes in the genes lead to {x}", "name the gene for {x}", "which genes are altered in {x}"),
        "what goes wrong genetically in {x}",
    ),
    "tests": (
        *("how do doctors find out if it is {x}", "is there a blood test for {x}", "how can I get checked for {x}"),
        *("what scan shows {x}", "how would they confirm {x}", "what will the doctor do to see if I have {x}"),
        *("can {x} be picked up before birth", "how is {x} found", "do I need a biopsy for {x}"),
        *("which tests are done for {x}", "how can a doctor be sure it is {x}", "does an x-ray show {x}"),
    ),
    "treatment": (
        *("what can be done about {x}", "how do you get rid of {x}", "is there a cure for {x}", "can {x} be fixed"),
        *("what medicine helps with {x}", "what do doctors give for {x}", "do I need an operation for {x}"),
        *("what helps against {x}", "how is {x} dealt with", "which pills do people take for {x}"),
        *("what will they do for my {x}", "anything that makes {x} better", "best therapy for {x}"),
    ),
    "prevention": (
        *("how can I avoid {x}", "how do I keep from getting {x}", "can {x} be prevented"),
        *(
            "what can I do so that I don't get {x}",
            "is there a vaccine against {x}",
            "how can I lower my chance of {x}",
        ),
        *("ways to stop {x} before it starts", "how do I protect my family from {x}", "what keeps {x} away"),
        *("how not to get {x}", "can I do anything to never have {x}"),
    ),
    "the outlook": (
        *("will {x} go away", "can you die from {x}", "how long do people live with {x}", "how serious is {x}"),
        *("does {x} get worse with time", "will I get better from {x}", "what happens if {x} is left alone"),
        *("what stage of {x} is the worst", "is {x} for life", "what can {x} lead to later on"),
        *("what are my chances with {x}", "does {x} ever heal", "what does the future hold with {x}"),
    ),
    "what to know and do": (
        *("what should I eat with {x}", "how do I live with {x}", "what can I do myself about {x}"),
        *("what foods are bad with {x}", "what do I need to do now that I have {x}", "tips for daily life with {x}"),
        *("can I still do sports with {x}", "what diet is good for {x}", "where can I find others with {x} to talk to"),
        *("what should somebody with {x} do at home", "eating and drinking with {x}"),
        "how should I look after myself with {x}",
    ),
    "research": (
        *("are there any trials for {x}", "what are scientists finding out about {x}", "any new studies on {x}"),
        *("is anybody working on a cure for {x}", "can I join a study on {x}", "what is new in {x} research"),
        *("is there hope of a new treatment for {x} from research", "who is studying {x}"),
        *("what's being tested for {x} at the moment", "latest science on {x}"),
    ),
}


def in_other_words(name: str, thing: str, drawn: int, *, calibrating: bool) -> str:
    """Return a question of the type ``name`` about ``thing``; ``drawn`` decides in which words."""
    known = WORDINGS[name]
    some = known[-KEPT_BACK:] if calibrating else known[:-KEPT_BACK]
    return some[drawn % len(some)].format(x=thing)
